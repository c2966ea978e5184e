#!/usr/bin/env bash
# Puts QuickJS together in target/quickjs: the sources that Cargo.toml beside this file names, out of the registry, with the
# patches of patches/ in the order of their names. The result takes the place of the rquickjs-sys that Javy asks for.
#
#   assemble.sh [CARGO]   CARGO: the cargo to ask, `cargo` by default
set -euo pipefail
cd "$(dirname "$0")"
cargo="${1:-cargo}"
# The version that Javy's rquickjs asks for; what the folder holds is Cargo.toml's.
stands_for=0.12.2
out=../target/quickjs

wanted="$(cat Cargo.lock assemble.sh patches/*.patch | sha256sum | cut -d' ' -f1)"
[ "$(cat "$out/.assembled" 2>/dev/null)" = "$wanted" ] && exit 0

manifest="$("$cargo" metadata --locked --format-version 1 --manifest-path Cargo.toml |
  grep -o '"manifest_path":"[^"]*/rquickjs-sys-[^"]*"' | head -n 1 | cut -d'"' -f4)"
rm -rf "$out"
mkdir -p "$out"
cp -R "$(dirname "$manifest")/." "$out"
# Cargo's own notes about a package of the registry.
rm -f "$out"/.cargo-ok "$out"/.cargo_vcs_info.json "$out"/Cargo.toml.orig "$out"/Cargo.lock
sed -i "0,/^version = .*/s//version = \"$stands_for\"/" "$out/Cargo.toml"
for patch in patches/*.patch; do
  patch --quiet --batch --forward --fuzz=0 --strip=1 --directory="$out" < "$patch" || {
    echo "$patch does not apply to the sources of $(dirname "$manifest"): see docs/ENGINE.md" >&2
    exit 1
  }
done
echo "$wanted" > "$out/.assembled"
