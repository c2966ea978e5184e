#!/bin/sh
# Sees to it that PostgreSQL's programs are on this machine: Mayfly runs a private cluster of its own with them.
set -eu

found() {
  command -v postgres >/dev/null 2>&1 && return 0
  for folder in /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
    /usr/pgsql-*/bin; do
    [ -x "$folder/postgres" ] && return 0
  done
  return 1
}

found && exit 0

if command -v brew >/dev/null 2>&1; then
  brew install postgresql@17
elif command -v apt-get >/dev/null 2>&1; then
  sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -qq
  # The programs only: no cluster of the distribution's own.
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends postgresql
else
  echo "Install PostgreSQL 15 or newer: Mayfly runs a private cluster of its own with its programs." >&2
  exit 1
fi
