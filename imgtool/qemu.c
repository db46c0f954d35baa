#include "qemu.h"

#include "nearest.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *qemu_escape_commas(const char *text)
{
    char *escaped = malloc(strlen(text) * 2 + 1), *to = escaped;
    if (!escaped)
        abort();
    for (; *text; text++) {
        if (*text == ',')
            *to++ = ',';
        *to++ = *text;
    }
    *to = '\0';
    return escaped;
}

static void add_pair(struct arguments *arguments, const char *name, const char *value)
{
    arguments_add(arguments, name);
    arguments_add(arguments, value);
}

static void add_drive(struct arguments *arguments, const char *format, const char *file)
{
    char *escaped = qemu_escape_commas(file);
    arguments_add(arguments, "-drive");
    arguments_addf(arguments, "%s,format=raw,file=%s", format, escaped);
    free(escaped);
}

/* The controller and the disk on it, first in the boot order so that no firmware tries the network or its shell. */
struct disk_kind {
    const char *name;
    const char *controller; /* on any machine; NULL: none needed */
    const char *device;
};

static const struct disk_kind disk_kinds[] = {
    {"ide", NULL, "ide-hd,bus=ide.0,drive=boot,bootindex=0"},
    {"ahci", "ich9-ahci,id=boot-ahci", "ide-hd,bus=boot-ahci.0,drive=boot,bootindex=0"},
    {"virtio", NULL, "virtio-blk-pci,drive=boot,bootindex=0"},
    {"nvme", NULL, "nvme,serial=stagecoach,drive=boot,bootindex=0"},
    {"usb", "qemu-xhci,id=boot-usb", "usb-storage,bus=boot-usb.0,drive=boot,bootindex=0"},
    {"scsi", "virtio-scsi-pci,id=boot-scsi", "scsi-hd,bus=boot-scsi.0,drive=boot,bootindex=0"},
    {"cdrom", NULL, "ide-cd,bus=ide.0,drive=boot,bootindex=0"}, /* on the machine's own IDE or AHCI controller */
    {"usb-cdrom", "qemu-xhci,id=boot-usb", "usb-storage,bus=boot-usb.0,drive=boot,bootindex=0"},
    {"scsi-cdrom", "virtio-scsi-pci,id=boot-scsi", "scsi-cd,bus=boot-scsi.0,drive=boot,bootindex=0"},
};

static const struct disk_kind *find_disk(const char *name)
{
    for (size_t i = 0; i < sizeof disk_kinds / sizeof *disk_kinds; i++)
        if (strcmp(disk_kinds[i].name, name) == 0)
            return &disk_kinds[i];
    return NULL;
}

bool qemu_disk_is_cd(const char *disk)
{
    return strstr(disk, "cdrom") != NULL;
}

const char *qemu_default_machine(const char *disk)
{
    return strcmp(disk, "ide") == 0 ? "pc" : "q35";
}

const char *qemu_disk_problem(const char *machine, const char *disk)
{
    if (strcmp(machine, "q35") != 0 && strcmp(machine, "pc") != 0)
        return "the machine is q35 or pc";
    if (!find_disk(disk))
        return "the disk is ide, ahci, virtio, nvme, usb, scsi, cdrom, usb-cdrom or scsi-cdrom";
    if (strcmp(disk, "ide") == 0 && strcmp(machine, "q35") == 0)
        return "q35 has no IDE controller: use --disk ahci or --machine pc";
    return NULL;
}

static void add_disk(const struct qemu_options *options, struct arguments *arguments)
{
    const struct disk_kind *kind = find_disk(options->disk);
    bool builtin_ahci = strcmp(options->disk, "ahci") == 0 && strcmp(options->machine, "q35") == 0;
    /* q35's own controller is called "ide" too. */
    if (builtin_ahci)
        kind = find_disk("ide");
    add_drive(arguments,
              qemu_disk_is_cd(options->disk) ? "if=none,id=boot,media=cdrom,snapshot=on"
                                             : "if=none,id=boot,snapshot=on",
              options->image);
    if (kind->controller)
        add_pair(arguments, "-device", kind->controller);
    add_pair(arguments, "-device", kind->device);
}

struct nic_kind {
    const char *name, *device;
    const char *uefi_rom; /* where its usual ROM is for BIOS alone */
};

static const struct nic_kind nic_kinds[] = {
    {"virtio", "virtio-net-pci", NULL}, {"e1000", "e1000", NULL},
    {"e1000e", "e1000e", NULL},         {"rtl8139", "rtl8139", NULL},
    {"pcnet", "pcnet", NULL},           {"ne2k", "ne2k_pci", NULL},
    {"vmxnet3", "vmxnet3", NULL},       {"eepro100", "i82559er", "efi-eepro100.rom"},
};

static const struct nic_kind *find_nic(const char *name)
{
    for (size_t i = 0; i < sizeof nic_kinds / sizeof *nic_kinds; i++)
        if (strcmp(nic_kinds[i].name, name) == 0)
            return &nic_kinds[i];
    return NULL;
}

const char *qemu_nic_device(const char *nic)
{
    const struct nic_kind *kind = find_nic(nic);
    return kind != NULL ? kind->device : NULL;
}

const char *qemu_nic_nearest(const char *nic)
{
    const char *names[sizeof nic_kinds / sizeof *nic_kinds];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        names[i] = nic_kinds[i].name;
    return nearest_word(nic, names, sizeof names / sizeof *names);
}

/* QEMU answers DHCP and TFTP itself; nothing else can be reached. */
static void add_network(const struct qemu_options *options, struct arguments *arguments)
{
    const struct nic_kind *nic = find_nic(options->nic);
    char *escaped = qemu_escape_commas(options->image);
    arguments_add(arguments, "-netdev");
    arguments_addf(arguments, "user,id=boot-net,restrict=on,tftp=%s,bootfile=%s", escaped, options->boot_file);
    free(escaped);
    arguments_add(arguments, "-device");
    if (options->ovmf_code && nic->uefi_rom != NULL)
        arguments_addf(arguments, "%s,netdev=boot-net,bootindex=0,romfile=%s", nic->device, nic->uefi_rom);
    else
        arguments_addf(arguments, "%s,netdev=boot-net,bootindex=0", nic->device);
}

/* The exit port is a device with an output of its own, not isa-debug-exit, because that would end QEMU before a
 * screenshot can be taken; and because the guest runs on for a while under TCG after isa-debug-exit anyway. It is a
 * serial port, whose first register is the one to send by: debug consoles ignore writes of more than one byte, and
 * kernels do write words of 32 bits there, as isa-debug-exit allows. No interrupt is ever enabled, so it may share one.
 */
static void add_channels(const struct qemu_options *options, struct arguments *arguments)
{
    arguments_add(arguments, "-chardev");
    arguments_addf(arguments, "socket,id=qmp,fd=%d", options->qmp_fd);
    add_pair(arguments, "-mon", "chardev=qmp,mode=control");
    arguments_add(arguments, "-chardev");
    arguments_addf(arguments, "socket,id=exit,fd=%d", options->exit_fd);
    arguments_add(arguments, "-device");
    arguments_addf(arguments, "isa-serial,index=3,chardev=exit,iobase=%#x,irq=3", QEMU_EXIT_PORT);
    arguments_add(arguments, "-chardev");
    arguments_addf(arguments, "socket,id=e9,fd=%d", options->e9_fd);
    add_pair(arguments, "-device", "isa-debugcon,chardev=e9,iobase=0xe9");
    add_pair(arguments, "-serial", "none");
    if (options->serial_fd < 0)
        return;
    /* ACPI names the serial ports from the last to the first; Linux's ttyS0 is the first that it is told of. */
    arguments_add(arguments, "-chardev");
    arguments_addf(arguments, "socket,id=serial,fd=%d", options->serial_fd);
    add_pair(arguments, "-device", "isa-serial,index=0,chardev=serial");
}

static void add_firmware(const struct qemu_options *options, struct arguments *arguments)
{
    if (!options->ovmf_code)
        return;
    add_drive(arguments, "if=pflash,unit=0,readonly=on", options->ovmf_code);
    add_drive(arguments, "if=pflash,unit=1", options->ovmf_vars);
}

void qemu_arguments(const struct qemu_options *options, struct arguments *arguments)
{
    arguments_add(arguments, options->program);
    add_pair(arguments, "-name", "imgtool");
    add_pair(arguments, "-machine", options->machine);
    add_pair(arguments, "-accel", options->accel);
    if (options->cpu)
        add_pair(arguments, "-cpu", options->cpu);
    if (options->memory)
        add_pair(arguments, "-m", options->memory);
    arguments_add(arguments, "-smp");
    arguments_addf(arguments, "%d", options->cpus);
    if (options->vga)
        add_pair(arguments, "-vga", options->vga);
    if (!options->gui)
        add_pair(arguments, "-display", "none");
    if (!options->boot_file)
        add_pair(arguments, "-nic", "none");
    add_pair(arguments, "-parallel", "none");
    /* A reset is a result, not a reason to start again; QEMU stays until we have seen the end. */
    arguments_add(arguments, "-no-reboot");
    arguments_add(arguments, "-no-shutdown");
    if (options->gdb) {
        arguments_add(arguments, "-s");
        arguments_add(arguments, "-S");
    }
    add_firmware(options, arguments);
    if (options->direct)
        add_pair(arguments, "-kernel", options->image);
    else if (options->boot_file)
        add_network(options, arguments);
    else
        add_disk(options, arguments);
    add_channels(options, arguments);
    for (const char *const *extra = options->extra; extra && *extra; extra++)
        arguments_add(arguments, *extra);
}

bool qemu_find_ovmf(const char **code, const char **variables)
{
    static const char *const places[][2] = {
        {"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},         /* Debian, Ubuntu */
        {"/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"}, /* Arch */
        {"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"},     /* Fedora */
        {"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"},               /* older Debian, 2 MiB */
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (access(places[i][0], R_OK) == 0 && access(places[i][1], R_OK) == 0) {
            *code = places[i][0];
            *variables = places[i][1];
            return true;
        }
    }
    return false;
}
