#!/usr/bin/env bash
# Builds the stock Javy plugin into dist/plugin.wasm, with the toolchain that guest-sdk/build.sh has prepared (from
# Debian's packages: rustc-web and its std sources, clang-19, wasi-libc), or with rustup's wasm32-wasip1 target.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_TARGET_DIR="$PWD/target"
if command -v rustup >/dev/null && rustup target list --installed 2>/dev/null | grep -qx wasm32-wasip1; then
  RUSTFLAGS="-Zwasi-exec-model=reactor" RUSTC_BOOTSTRAP=1 cargo build --release --target wasm32-wasip1
else
  sdk="$PWD/../../../guest-sdk/target/wasi-sdk"
  [ -d "$sdk" ] || { echo "run 'make guest' first: it installs the toolchain" >&2; exit 1; }
  WASI_SDK="$(cd "$sdk" && pwd)" RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
  CFLAGS_wasm32_wasip1="--sysroot=$sdk/share/wasi-sysroot" \
  RUSTFLAGS="-Clink-self-contained=no -Clinker=wasm-ld-19 -L/usr/lib/wasm32-wasi -Clink-arg=/usr/lib/wasm32-wasi/crt1-reactor.o -Clink-arg=--export=_initialize" \
    /usr/bin/cargo build --release --target wasm32-wasip1 -Zbuild-std=std,panic_abort
fi
mkdir -p dist
cp target/wasm32-wasip1/release/plugin.wasm dist/plugin.wasm
sha256sum dist/plugin.wasm
