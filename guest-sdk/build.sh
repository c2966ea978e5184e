#!/usr/bin/env bash
# Builds the engine module into dist/: with rustup's wasm32-wasip1 target where it is installed, else from Debian's
# packages (rustc-web and its std sources, clang-19, wasi-libc). `--verify` builds nothing that is kept: it fails when
# dist/ does not belong to these sources, and, where the toolchain is the one that dist/ was built with, when a
# rebuild differs by one byte.
set -euo pipefail
cd "$(dirname "$0")"

sources_digest() {
  find Cargo.toml Cargo.lock build.rs build build.sh native quickjs/Cargo.{toml,lock} quickjs/assemble.sh quickjs/patches \
    src abi/Cargo.toml abi/src -type f | LC_ALL=C sort |
    xargs sha256sum | sha256sum | cut -d' ' -f1
}

has_rustup_target() {
  command -v rustup >/dev/null && rustup target list --installed 2>/dev/null | grep -qx wasm32-wasip1
}

# Deep JavaScript recursion needs a shadow stack; first in memory, overflowing it traps instead of corrupting data.
link_args="-Clink-arg=-zstack-size=2162688 -Clink-arg=--stack-first"
# What compiled functions share with the engine beside its memory (native/native-code.h).
link_args="$link_args -Clink-arg=--export-table -Clink-arg=--export=__stack_pointer"
# Every allocation passes src/placement.rs.
for name in malloc calloc realloc free; do link_args="$link_args -Clink-arg=--wrap=$name"; done
features="-Ctarget-feature=+simd128,+bulk-memory"
remap="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$PWD=/guest-sdk"
# The digest makes cargo compile QuickJS again when a header, a patch or the version has changed.
digest="-DMAYFLY_NATIVES=$(cat native/*.h quickjs/Cargo.lock quickjs/patches/*.patch | sha256sum | cut -c1-8)"
native="-include $PWD/native/stack-check.h -include $PWD/native/async-frames.h -include $PWD/native/loop-places.h"
# As for the Rust code, and conversions of numbers that need no checks around them.
native="$native -msimd128 -mbulk-memory -mnontrapping-fptoint -msign-ext"
native="$native -I$PWD/native $digest -fmacro-prefix-map=$PWD=/guest-sdk"

build_with_rustup() {
  toolchain="$(rustc --version)"
  quickjs/assemble.sh
  # rquickjs-sys fetches its own wasi-sdk, whose clang finds its sysroot by itself.
  CFLAGS_wasm32_wasip1="$native" \
  RUSTFLAGS="$link_args $features $remap -Zwasi-exec-model=reactor" RUSTC_BOOTSTRAP=1 \
    cargo build --locked --release --target wasm32-wasip1
}

install_debian_packages() {
  local packages=(rustc-web rust-web-src clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32)
  dpkg -s "${packages[@]}" >/dev/null 2>&1 && return
  local sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq "${packages[@]}" >/dev/null
}

build_with_debian() {
  install_debian_packages
  toolchain="$(/usr/bin/rustc --version) (Debian) $(clang-19 --version | head -n 1)"
  quickjs/assemble.sh /usr/bin/cargo
  # A folder of the shape that rquickjs-sys expects of a wasi-sdk.
  local sdk="$PWD/target/wasi-sdk" triple
  mkdir -p "$sdk/bin" "$sdk/share/wasi-sysroot/include" "$sdk/share/wasi-sysroot/lib"
  ln -sfn /usr/bin/clang-19 "$sdk/bin/clang"
  ln -sfn /usr/bin/llvm-ar-19 "$sdk/bin/ar"
  for triple in wasm32-wasip1 wasm32-wasi; do
    ln -sfn /usr/include/wasm32-wasi "$sdk/share/wasi-sysroot/include/$triple"
    ln -sfn /usr/lib/wasm32-wasi "$sdk/share/wasi-sysroot/lib/$triple"
  done
  # rustc-web comes with its own std sources, so building std from them matches it exactly.
  WASI_SDK="$sdk" RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
  CFLAGS_wasm32_wasip1="--sysroot=$sdk/share/wasi-sysroot $native" \
  RUSTFLAGS="$link_args $features $remap -Clink-self-contained=no -Clinker=wasm-ld-19 -L/usr/lib/wasm32-wasi -Clink-arg=/usr/lib/wasm32-wasi/crt1-reactor.o -Clink-arg=--export=_initialize" \
    /usr/bin/cargo build --locked --release --target wasm32-wasip1 -Zbuild-std=std,panic_abort
}

build() {
  export CARGO_TARGET_DIR="$PWD/target"
  if has_rustup_target; then build_with_rustup; else build_with_debian; fi
}

built=target/wasm32-wasip1/release/engine.wasm
case "${1:-}" in
  "")
    build
    mkdir -p dist
    cp "$built" dist/engine.wasm
    sources_digest > dist/engine.sources
    echo "$toolchain" > dist/engine.toolchain
    sha256sum dist/engine.wasm
    ;;
  --verify)
    [ "$(sources_digest)" = "$(cat dist/engine.sources)" ] || {
      echo "guest-sdk/dist does not belong to these sources: run 'make guest' and commit what it makes" >&2
      exit 1
    }
    grep -q "$(sha256sum dist/engine.wasm | cut -d' ' -f1)" dist/engine.plan || {
      echo "guest-sdk/dist/engine.plan is another engine's: run 'make guest' and commit what it makes" >&2
      exit 1
    }
    build
    if [ "$toolchain" != "$(cat dist/engine.toolchain)" ]; then
      echo "the sources are dist/'s own; built here with another toolchain, so the bytes are not compared"
    elif cmp "$built" dist/engine.wasm; then
      echo "dist/engine.wasm is what these sources build"
    else
      echo "a rebuild of guest-sdk differs from dist/engine.wasm" >&2
      exit 1
    fi
    ;;
  *)
    echo "usage: build.sh [--verify]" >&2
    exit 2
    ;;
esac
