#!/usr/bin/env bash
# Tries a version of QuickJS against all suites: the sources that a version of rquickjs-sys carries, or the ones in use.
#
#   upgrade.sh [VERSION]      TEST262 and WPT: checkouts of the conformance suites, run where they are set
#
# Afterwards the working tree has the new version, built and tested. docs/ENGINE.md says what to do where a step fails.
set -euo pipefail
cd "$(dirname "$0")"
root="$(cd ../.. && pwd)"

step() { echo "== $*" >&2; }

if [ -n "${1:-}" ]; then
  step "the sources of rquickjs-sys $1"
  sed -i "s/^rquickjs-sys = .*/rquickjs-sys = \"=$1\"/" Cargo.toml
  cargo update --quiet --manifest-path Cargo.toml
fi
step "patches"
./assemble.sh
grep -h -A2 'define QJS_VERSION_MAJOR' ../target/quickjs/quickjs/quickjs.h >&2

step "QuickJS's own tests"
./own-tests.sh

step "the guest and its allocation layout"
make -C "$root" guest

step "the runtime's tests"
cargo test --manifest-path "$root/Cargo.toml" --locked --package mayfly-runtime

if [ -n "${TEST262:-}${WPT:-}" ]; then
  step "conformance"
  make -C "$root" conformance
  git -C "$root" diff --stat docs/CONFORMANCE.md
fi
step "done: compare docs/CONFORMANCE.md, then commit guest-sdk/ and docs/"
