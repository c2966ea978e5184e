#!/bin/sh
# Seeds from the pairs that the tests have: one a file, for the target that is named.
set -eu
cd "$(dirname "$0")"
folder=corpus/$1
mkdir -p "$folder"
case $1 in
  schema_diff) cat ../tests/it/schema/corpus/*.jsonl | grep -v '^#' | split -l 1 -a 4 - "$folder/seed-" ;;
  schema_parse)
    # What `b` is within them: the body of a table, or a whole declaration.
    cat ../tests/it/schema/corpus/*.jsonl | grep -v '^#' | sed 's/.*"b":\({"\(columns\|tables\|enums\)"\)/\1/; s/}$//' |
      sed '/^{"tables"/!s/.*/{"tables":{"t":&}}/' | split -l 1 -a 4 - "$folder/seed-" ;;
esac
