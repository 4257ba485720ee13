#include "gic.h"
void guest_main(void)
{
    say("cpus %u gic %u ram %lx+%lx options '%s'", guest_tree.cpu_count, guest_tree.gic_version, guest_tree.ram_base, guest_tree.ram_size, guest_tree.options);
    gic_init();
    say("TYPER %x IIDR %x", read32(MV_GUEST_GICD+4), read32(MV_GUEST_GICD+8));
}
