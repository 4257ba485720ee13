# SPDX-License-Identifier: BSD-2-Clause
# Part of run.sh: budgets, time partitions and windows.

cp time.dtsi time.dts
is "a system with windows passes" "$tool" check time.dts
is "and is built" build_in timed time.dts
is "its table holds together" "$out/look" timed/system.elf
is "twice gives the same bytes" sh -c "'$tool' build time.dts -o two && diff -r timed two"
is "tables have names for who switches them" has timed/server/cell.h \
    '#define CAP_SCHEDULE                             9   /* schedule */' \
    '#define TABLE_NORMAL                             0   /* in force at boot */' \
    '#define TABLE_SAFE                               1'
is "and the trace for who marks it" grep -q '^#define CAP_TRACE ' timed/client/cell.h
is "nobody else has them" sh -c "! grep -q 'TABLE_\|CAP_SCHEDULE\|CAP_TRACE' timed/multi/cell.h timed/idle/cell.h"

# What the table says: windows fill the frame, with partition 0 and the background everywhere.
want_times() {
    cat >want <<'END'
trace 0xc0
table 0: frame 10000000 ns
core 0: 0 1011 2000000 1001 3000000 1101
core 1: 0 1001 500000 1101
table 1: frame 5000000 ns
core 0: 0 1011
core 1: 0 1001
vCPU 0: budget 500000 of 10000000, partition 0, wait
vCPU 1: budget 300000 of 10000000, partition 1, fault
vCPU 2: budget 0 of 0, partition 2, wait
vCPU 3: budget 0 of 0, partition 2, wait
vCPU 4: budget 1000000 of 10000000, partition 3, background
portal 0: bound 100000, recovery no
portal 1: bound 50000, recovery no
interrupt 33: 10 in 1000000 ns
timer 0: 1000 us
held: cell 1, portal 0
END
    "$out/look" timed/system.elf times >times && diff want times
}
is "windows, budgets, bounds and limits are in the table" want_times

cat >recover.c <<'END'
void mv_recover(unsigned long vcpu);
void mv_recover(unsigned long vcpu) { (void)vcpu; for (;;) ; }
END
printf '#include "time.dtsi"\n&server { sources = "cell.c", "recover.c"; };\n' >system.dts
is "a function mv_recover becomes the recovery entry" sh -c "'$tool' build system.dts -o given && '$out/look' given/system.elf times |
    grep -x 'portal 0: bound 100000, recovery yes'"
rm -rf given
echo 'int mv_recover = 1;' >recover.c
cat >want <<'END'
system.dts:2: error: "mv_recover" of cell "server" is at 0x12000, which is not executable; expected a function; rename what is not one
END
is "but not a variable of that name" says "$tool build system.dts -o out" 1 want
# Nobody else runs on the server's time: no call is held back, and no bound is needed.
cat >system.dts <<'END'
#include "time.dtsi"
&server { partition = <&control>; priority = <50>; };
&client { /delete-property/ deadline-us; };
&echo { /delete-property/ bound-us; };
END
is "within one partition no call is held back" sh -c "'$tool' build system.dts -o given && '$out/look' given/system.elf times >times && ! grep held times"
rm -rf given
cat >system.dts <<'END'
#include "time.dtsi"
&client { /delete-property/ deadline-us; partition = <0>; };
&idle { partition = <&control>; priority = <2>; };
&top { schedule { partitions { /delete-node/ rest; }; }; };
END
is "nor calls of those who always run; windows without a background partition" sh -c "'$tool' build system.dts -o given &&
    '$out/look' given/system.elf times >times && ! grep held times && grep -x 'core 0: 0 11 2000000 1 3000000 101' times"
rm -rf given
cat >system.dts <<'END'
#include "time.dtsi"
&top { cells { vm { kernel = "Image"; memory = <0x200000>; vcpus = <0 1>; partition = <&guests>; budget-us = <3000>; period-us = <10000>; exhausted = "background"; }; }; };
END
is "a machine's VMM is in its partition and has no part of its budget" sh -c "'$tool' build system.dts -o given &&
    '$out/look' given/system.elf && '$out/look' given/system.elf times >times &&
    [ \$(grep -c 'budget 3000000 of 10000000, partition 2, background' times) = 2 ] && [ \$(grep -c 'budget 0 of 0, partition 2, wait' times) = 4 ]"
cat >system.dts <<'END'
#include "base.dtsi"
&echo { /delete-property/ bound-us; };
&client { budget-us = <100>; period-us = <1000>; };
&worker { core = <1>; };
&multi { calls = <&echo>; };
END
cat >want <<'END'
base.dtsi:40: warning: "client" has a budget and calls portal "echo" of "server", which has other callers and no bound: they wait while the budget is used up; expected a service bound; add bound-us = <100> to the portal
END
is "whoever can leave others waiting is warned about" sh -c "'$tool' check system.dts 2>stderr && diff want stderr"
rm -rf given timed two time.dts system.dts
