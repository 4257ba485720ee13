#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs the steps of `make test`, shows what they print, and adds up. A step that
# prints no sum counts as one test; one that fails without saying what counts as
# one failed.
#
#   all.sh STEP...      each a target of the Makefile

logs=build/tests/log
mkdir -p "$logs"
rm -f build/tests/lib/*/passed
passed=0
failed=0
table=
wrong=

for step in "$@"; do
    start=$(date +%s)
    printf '\n==== %s\n' "$step"
    { make --no-print-directory -s -j"${JOBS:-1}" -Oline "$step" </dev/null 2>&1
      echo $? >"$logs/$step.status"; } | tee "$logs/$step.txt"
    sum=$(tr -d '\r' <"$logs/$step.txt" |
        awk '/^[0-9]+ passed, [0-9]+ failed$/ { p += $1; f += $3; n++ } END { if (n) print p + 0, f + 0 }')
    status=$(cat "$logs/$step.status")
    if [ -z "$sum" ]; then
        [ "$status" -eq 0 ] && sum="1 0" || sum="0 1"
    elif [ "$status" -ne 0 ] && [ "${sum#* }" -eq 0 ]; then
        sum="${sum% *} 1"
    fi
    [ "${sum#* }" -eq 0 ] || wrong="$wrong$(grep -E '^ *(FAIL|FAILED) ' "$logs/$step.txt" |
        sed "s/^ */  $step: /" | grep . || echo "  $step: see its last lines")
"
    passed=$((passed + ${sum% *}))
    failed=$((failed + ${sum#* }))
    table="$table$(printf '%-16s %6d passed %4d failed %5d s' "$step" "${sum% *}" "${sum#* }" \
        $(($(date +%s) - start)))
"
done

[ -z "$wrong" ] || printf '\nWhat failed (all of it in %s):\n%s' "$logs" "$wrong"
printf '\n%s' "$table"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
