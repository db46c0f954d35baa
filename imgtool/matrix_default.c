#include "matrix.h"

/* Each of the common disks, both machines, memory below and above 4 GiB, a CPU with little and one with all, on both
 * firmwares: few boots, so that it can run after each build. */
const char matrix_default[] =
    "# What 'imgtool test' boots without --matrix. A start for your own: imgtool test --print-matrix > matrix.conf\n"
    "case bios-pc-ide      firmware=bios machine=pc  disk=ide    memory=128M cpu=qemu64\n"
    "case bios-q35-ahci    firmware=bios machine=q35 disk=ahci\n"
    "case bios-q35-nvme    firmware=bios machine=q35 disk=nvme   memory=3G   cpu=max smp=2\n"
    "case uefi-q35-ahci    firmware=uefi machine=q35 disk=ahci\n"
    "case uefi-q35-usb     firmware=uefi machine=q35 disk=usb    memory=3G   cpu=max smp=2\n"
    "case uefi-pc-virtio   firmware=uefi machine=pc  disk=virtio memory=128M cpu=qemu64\n";
