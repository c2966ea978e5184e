#!/usr/bin/env bash
# Runs QuickJS's own tests in its own program, built from the patched sources for this machine. Fails where a test fails that
# expected.txt does not name, or one passes that it names.
set -euo pipefail
cd "$(dirname "$0")"
native="$(cd ../native && pwd)"
./assemble.sh
cd ../target/quickjs/quickjs
out=../own-tests
mkdir -p "$out"
cc="${CC:-cc}"
"$cc" -O1 -w -funsigned-char -D_GNU_SOURCE -DQUICKJS_NG_BUILD -I"$native" -I. -o "$out/qjs" \
  qjs.c quickjs.c quickjs-libc.c libregexp.c libunicode.c dtoa.c gen/repl.c gen/standalone.c -lm -lpthread -ldl
bad=0
for test in tests/*.js; do
  name="$(basename "$test")"
  case "$name" in assert.js | empty.js | microbench.js | fixture_* | *worker*) continue ;; esac
  if timeout 120 "$out/qjs" --std "$test" > "$out/log" 2>&1; then passed=1; else passed=0; fi
  if grep -q "^$name " "$OLDPWD/expected.txt"; then expected=0; else expected=1; fi
  if [ "$passed" != "$expected" ]; then
    echo "$name: passed=$passed, expected=$expected" >&2
    tail -n 5 "$out/log" >&2
    bad=1
  fi
done
exit "$bad"
