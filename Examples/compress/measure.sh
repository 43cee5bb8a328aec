#!/bin/sh
# measure.sh PROGRAM LEVEL INPUT OUTPUT: writes OUTPUT, and results.json with ratio and seconds.
set -eu
program=$1 level=$2 input=$3 output=$4

start=$(date +%s%N)
"$program" "-$level" -c <"$input" >"$output"
end=$(date +%s%N)
"$program" -d -c <"$output" | cmp - "$input"

before=$(wc -c <"$input")
after=$(wc -c <"$output")
awk -v before="$before" -v after="$after" -v start="$start" -v end="$end" 'BEGIN {
  printf "{\"ratio\": %.4f, \"seconds\": %.4f}\n", before / after, (end - start) / 1e9
}' >results.json
echo "$program -$level: $before to $after bytes"
