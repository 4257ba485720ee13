#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# run.sh FOLDER COMPILER...: run FOLDER/COMPILER/unit of each compiler, at the
# same time; print their lines and "N passed, N failed".
folder=$1
shift
out=$(mktemp -d) || exit 1
trap 'rm -r "$out"' EXIT
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
for compiler; do
    {
        timeout 120 "$folder/$compiler/unit" > "$out/$compiler" 2> "$out/$compiler.errors"
        [ $? -le 1 ] || echo "everything 0 passed 1 failed" >> "$out/$compiler"
    } &
done
wait
for compiler; do
    cat "$out/$compiler.errors" >&2
    sed "s/^/  unit $compiler /" "$out/$compiler"
done
for compiler; do
    cat "$out/$compiler"
done | awk '{ passed += $2; failed += $4 }
    END { printf "%d passed, %d failed\n", passed, failed; exit failed != 0 || passed == 0 }'
