# SPDX-License-Identifier: BSD-2-Clause
#
# Makes <libmv/calls.h> from include/mv/calls.def: one inline stub for each
# PLAIN call. The meaning of a call names the registers that carry its
# arguments; the highest one named says how many there are. MESSAGE calls have
# one stub per use and are written by hand in <libmv/message.h>.

BEGIN {
    print "/* SPDX-License-Identifier: BSD-2-Clause */"
    print "/* Made from include/mv/calls.def. Do not edit. */"
    print "#pragma once\n"
    print "#include <stddef.h>"
    print "#include <stdint.h>\n"
    print "#include <mv/abi.h>\n"
    print "#ifdef __cplusplus\nextern \"C\" {\n#endif"
    value["virq_ack"] = "payload"
    value["cell_inspect"] = "running"
    value["vgic_get"] = "word"
    value["schedule_switch"] = "from_ns"
    by_hand["exit"] = 1           # does not return: <libmv/start.h>
}

/^CALL\(/ {
    quote = index($0, "\"")
    head = substr($0, 1, quote - 1)
    text = substr($0, quote + 1)
    sub(/"\).*/, "", text)
    gsub(/CALL\(|[ \t]/, "", head)
    split(head, field, ",")
    number = field[1]; name = field[2]; kind = field[3]; type = field[4]
    if (kind != "PLAIN" || name in by_hand)
        next

    last = 1
    for (i = 2; i <= 6; i++)
        if (text ~ ("(^|[^0-9a-z])x" i "([^0-9]|$)"))
            last = i
    has_cap = type != "NONE"
    out = (name in value) ? value[name] : ""

    list = has_cap ? "uint32_t cap" : ""
    for (i = 2; i <= last; i++)
        list = list (list == "" ? "" : ", ") "uint64_t a" i
    if (out != "")
        list = list ", uint64_t *" out
    if (list == "")
        list = "void"

    printf "\n/* %s */\n", text
    printf "static inline mv_status_t mv_%s(%s)\n{\n", name, list
    print "    register uint64_t x0 __asm__(\"x0\");"
    printf "    register uint64_t x1 __asm__(\"x1\")%s;\n", has_cap ? " = cap" : ""
    for (i = 2; i <= last; i++)
        printf "    register uint64_t x%d __asm__(\"x%d\") = a%d;\n", i, i, i
    printf "\n    __asm__ volatile(\"svc %%[call]\"\n"
    printf "                     : \"=r\"(x0), %s", has_cap ? "\"+r\"(x1)" : "\"=r\"(x1)"
    for (i = 2; i <= last; i++)
        printf ", \"+r\"(x%d)", i
    printf "\n                     : [call] \"i\"(MV_CALL_%s)\n", name
    printf "                     :"
    for (i = last + 1; i <= 18; i++)
        printf " \"x%d\",", i
    print "\n                       \"cc\", \"memory\");"
    if (out != "") {
        printf "    if (%s != NULL)\n        *%s = x1;\n", out, out
    } else {
        print "    (void)x1;"
    }
    print "    return x0;\n}"
}

END { print "\n#ifdef __cplusplus\n}\n#endif" }
