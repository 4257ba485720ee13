#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# run.sh FOLDER COMPILER...: run FOLDER/COMPILER/unit of each compiler, two at
# a time; print their lines and "N passed, N failed".
folder=$1
shift
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
for compiler; do
    {
        timeout 120 "$folder/$compiler/unit" > "$folder/$compiler/lines" 2> "$folder/$compiler/errors"
        [ $? -le 1 ] || echo "everything 0 passed 1 failed" >> "$folder/$compiler/lines"
    } &
done
wait
for compiler; do
    cat "$folder/$compiler/errors" >&2
    sed "s/^/  unit $compiler /" "$folder/$compiler/lines"
done
for compiler; do
    cat "$folder/$compiler/lines"
done | awk '{ passed += $2; failed += $4 }
    END { printf "%d passed, %d failed\n", passed, failed; exit failed != 0 || passed == 0 }'
