#!/usr/bin/env bash
# Bundles the packages of package.json into ../src/node/vendor.js. `make guest` takes that file as it is: run this when a
# version changes, and commit what it makes.
set -euo pipefail
cd "$(dirname "$0")"
npm ci --no-audit --no-fund >/dev/null
# What they need of Node is asked of `require`, which ../src/node/stream.js gives.
bundle=$(npx esbuild entry.js --bundle --format=cjs --platform=node --target=es2022 --minify-whitespace --minify-syntax \
  --supported:template-literal=false --legal-comments=none --charset=ascii \
  --alias:buffer=node:buffer --alias:events=node:events --alias:process=node:process \
  --alias:string_decoder=node:string_decoder --alias:abort-controller=mayfly:abort --external:node:* --external:mayfly:abort)
{
  echo "// Readable-stream $(node -p 'require("readable-stream/package.json").version') and punycode" \
    "$(node -p 'require("punycode/package.json").version'), both under the MIT licence, as vendor/build.sh bundles them: do not edit."
  echo
  echo 'export function load(require) {'
  echo 'const module = { exports: {} }, exports = module.exports;'
  echo "$bundle"
  echo 'return module.exports;'
  echo '}'
} > ../src/node/vendor.js
for package in readable-stream punycode; do
  echo "== $package"
  cat node_modules/$package/LICENSE* 
done > LICENSES
