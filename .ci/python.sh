#!/bin/sh
# Sees to it that `python3 -m venv` works on this machine: the test of openapi.json installs schemathesis with it.
# Not required: where it cannot be had, that test is skipped with a message.
set -eu

python3 -c 'import ensurepip, venv' >/dev/null 2>&1 && exit 0

if command -v brew >/dev/null 2>&1; then
  brew install python3 || true
elif command -v apt-get >/dev/null 2>&1; then
  sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -qq || true
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends python3 python3-venv || true
fi
