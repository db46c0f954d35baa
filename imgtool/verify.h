/* The parts of verify: each looks at one kind of structure and adds what is wrong with it to the findings. They run in
 * the order of this list; a later one is left out where an earlier one found nothing to go on with. */
#ifndef STAGECOACH_IMGTOOL_VERIFY_H
#define STAGECOACH_IMGTOOL_VERIFY_H

#include "boot_code.h"
#include "disk_image.h"
#include "findings.h"

struct verify {
    struct boot_files files; /* what has been found of the image so far */
    bool has_table;          /* files.table is filled in */
    bool is_mounted;         /* files.fat is */
    const char *without_bios,
        *without_uefi;          /* why the image has no loader for that firmware, by design; NULL: it has one */
    bool is_this_version;       /* the BIOS loader is this imgtool's */
    struct boot_code boot_code; /* of the disk's first sector */
    bool is_cd;
    struct findings findings;
    struct findings warnings; /* what the loader goes on without, and has been told */
};

/* MBR and GPT; sets has_table. */
void verify_tables(struct verify *verify);

/* The part of it that is about the MBR: sets has_table unless the disk has a GPT (*protective). False: can't be read.
 */
bool verify_mbr(struct verify *verify, bool *protective);

/* Stage 1 and the stages of the BIOS loader; sets boot_code and without_bios. Needs the table, if there is one. */
void verify_bios_loader(struct verify *verify);

/* Boot sectors, FSInfo and the tables of the boot volume; sets is_mounted. */
void verify_volume(struct verify *verify);

/* Directories and cluster chains of the mounted volume. */
void verify_tree(struct verify *verify);

/* The UEFI loader on the mounted volume; sets without_uefi. */
void verify_uefi_loader(struct verify *verify);

/* Configuration, kernel, ramdisk and modules on the mounted volume. */
void verify_payload(struct verify *verify);

/* The CD's side of the image, if it has one; sets is_cd. After verify_bios_loader(), and the volume if that can be
 * read. */
void verify_iso(struct verify *verify);

/* What findings call the part of the CD's side that has this byte of the image. */
const char *verify_iso_part(uint64_t offset);

/* Is this one of verify_iso()'s? */
bool verify_is_of_iso(const struct finding *finding);

/* Reads `size` bytes for a check of `structure`; adds a finding and returns false if it can't. */
bool verify_read(struct verify *verify, const char *structure, uint64_t offset, uint64_t size, void *to);

#endif
