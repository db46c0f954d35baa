/* QEMU's command line for a boot: a pure function of what the user wants. */
#ifndef STAGECOACH_IMGTOOL_QEMU_H
#define STAGECOACH_IMGTOOL_QEMU_H

#include "process.h"

#include <stdbool.h>

struct qemu_options {
    const char *program;   /* path of qemu-system-x86_64 */
    const char *image;     /* absolute path; the guest's writes are thrown away */
    bool direct;           /* image is an ELF file for -kernel; there is no disk */
    const char *boot_file; /* not NULL: image is a directory, and this is what machines load from there by PXE */
    const char *nic;       /* the card that does: "virtio", "e1000" ... */
    const char *machine;   /* "q35", "pc"; direct: "microvm" too */
    const char *disk;      /* "ide", "ahci", "virtio", "nvme", "usb", "scsi", "cdrom" ... */
    const char *accel;     /* "tcg", "kvm" */
    const char *memory, *cpu, *vga; /* as QEMU takes them; NULL: QEMU's default */
    int cpus;
    bool gui, gdb;
    const char *ovmf_code, *ovmf_vars; /* NULL: SeaBIOS; else OVMF's code and our own copy of its variables */
    int qmp_fd, exit_fd;               /* sockets: control channel; bytes that the guest writes to port 0xf4 */
    int e9_fd;                         /* socket: bytes that the guest writes to port 0xe9 */
    int serial_fd;                     /* socket: COM1; -1: no serial port */
    const char *const *extra;          /* NULL-terminated: further arguments for QEMU */
};

/* The port on which a guest says how it went, and what it says. */
#define QEMU_EXIT_PORT 0xf4
#define QEMU_EXIT_SUCCESS 0x10
#define QEMU_EXIT_FAILURE 0x11

/* Is it one of the CD drives? Their image is one of build-iso. */
bool qemu_disk_is_cd(const char *disk);

/* The machine that a disk needs if the user names none. */
const char *qemu_default_machine(const char *disk);

/* Why this disk can't be had on this machine, or NULL. */
const char *qemu_disk_problem(const char *machine, const char *disk);

/* The card's name that may have been meant, or NULL. */
const char *qemu_nic_nearest(const char *nic);

/* What QEMU calls this card, which has a ROM for network boots; NULL: we know none of that name. */
const char *qemu_nic_device(const char *nic);

/* Values in QEMU's options end at a comma; a doubled one stands for itself. The result is the caller's to free. */
char *qemu_escape_commas(const char *text);

void qemu_arguments(const struct qemu_options *options, struct arguments *arguments);

/* Finds OVMF's code and the template of its variables; false if it is not installed. */
bool qemu_find_ovmf(const char **code, const char **variables);

#endif
