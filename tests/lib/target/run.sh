#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The library's test on the kernel, in QEMU: on each board and, for one, on
# several kinds of core. Prints a line per case, and the sum.
#
#   run.sh [MULLION [FOLDER]]      what it says, and the system, go to FOLDER

mullion=${1:-build/tools/mullion}
folder=${2:-build/tests/lib/target}
log=$folder/log.txt
passed=0
failed=0

mkdir -p "$folder"
for kind in "virt-gicv2 cortex-a53" "virt-gicv3 cortex-a53" "virt-gicv3 cortex-a76" \
            "virt-gicv3 max" "zcu102 cortex-a53"; do
    board=${kind% *} cpu=${kind#* }
    options="--board $board"
    [ "$board" = zcu102 ] || options="$options --cpu $cpu"
    # shellcheck disable=SC2086
    timeout 120 "$mullion" run tests/lib/target/system.dts -o "$folder/$board" $options </dev/null 2>&1 |
        tr -d '\r' >"$log"
    sed -n "s/^.*\[check\] \(ok  \|FAIL\) lib /\1 lib $board $cpu /p; s/^.*\[check\] .*not true.*/&/p" \
        "$log"
    sum=$(sed -n 's/^.*\[check\] \([0-9]* passed, [0-9]* failed\)$/\1/p' "$log")
    if [ -z "$sum" ]; then
        echo "FAIL lib $board $cpu: the system did not finish; its last lines:"
        tail -n 5 "$log"
        failed=$((failed + 1))
        continue
    fi
    passed=$((passed + ${sum%% *}))
    sum=${sum#* passed, }
    failed=$((failed + ${sum% failed}))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
