/* verify: the CD's side of an image: descriptors, boot catalog, boot sector, directories. All of it follows from the
 * boot volume's files and the partition table, so it is made anew and compared. */
#include "iso_read.h"
#include "iso_volume.h"
#include "loader_files.h"
#include "verify.h"

#include <stdlib.h>
#include <string.h>

#define BOOT_CODE_OFFSET (ISO_BOOT_CODE_BLOCK * (uint64_t)ISO_BLOCK_SIZE)

/* What verify calls the blocks from ISO_PRIMARY_BLOCK on; the last name stands for all the rest. */
static const char *const part_names[] = {
    "ISO primary descriptor", "El Torito boot record", "ISO Joliet descriptor", "ISO descriptors' end",
    "El Torito boot catalog", "CD's stage 1",          "ISO directories",
};
#define PART_COUNT (sizeof part_names / sizeof part_names[0])
#define DESCRIPTOR part_names[0]
#define BOOT_CODE part_names[ISO_BOOT_CODE_BLOCK - ISO_PRIMARY_BLOCK]
#define DIRECTORIES part_names[PART_COUNT - 1]
_Static_assert(ISO_TABLES_BLOCK - ISO_PRIMARY_BLOCK == PART_COUNT - 1, "a name for each");

const char *verify_iso_part(uint64_t offset)
{
    uint64_t block = offset / ISO_BLOCK_SIZE;
    return block < ISO_TABLES_BLOCK ? part_names[block - ISO_PRIMARY_BLOCK] : DIRECTORIES;
}

bool verify_is_of_iso(const struct finding *finding)
{
    for (size_t i = 0; i < PART_COUNT; i++)
        if (strcmp(finding->structure, part_names[i]) == 0)
            return true;
    return false;
}

static void compare(struct verify *verify, const struct iso_area *area, const uint8_t *found)
{
    const char *last = NULL;
    for (uint64_t i = 0; i < area->size; i++) {
        uint64_t offset = ISO_AREA_OFFSET + i;
        if (found[i] == area->bytes[i])
            continue;
        const char *part = verify_iso_part(offset);
        if (part != last)
            findings_add(&verify->findings, part, offset, "has the byte %#04x where the volume's files make it %#04x",
                         found[i], area->bytes[i]);
        last = part;
    }
}

/* It starts the same stages as the disk's, or has the same sentence. */
static void check_boot_code(struct verify *verify, const uint8_t *code)
{
    struct bios_stage1_patch patch;
    memcpy(&patch, code + BIOS_STAGE1_PATCH_OFFSET, sizeof patch);
    if (memcmp(&patch, &verify->boot_code.patch, sizeof patch) != 0) {
        findings_add(&verify->findings, BOOT_CODE, BOOT_CODE_OFFSET + BIOS_STAGE1_PATCH_OFFSET,
                     "looks for other stages than stage 1 in the MBR");
        return;
    }
    if (verify->without_bios == NULL && patch.stages_lba % ISO_BLOCK_SECTORS != 0)
        findings_add(&verify->findings, BOOT_CODE, BOOT_CODE_OFFSET + BIOS_STAGE1_PATCH_OFFSET,
                     "looks for the stages at sector %lu, which is not the start of a block", patch.stages_lba);
    if (!verify->is_this_version)
        return;
    const uint8_t *ours = verify->without_bios != NULL ? loader_uefi_only().data : loader_cd().data;
    for (uint32_t i = 0; i < BIOS_STAGE1_PATCH_OFFSET; i++) {
        if (code[i] == ours[i])
            continue;
        findings_add(&verify->findings, BOOT_CODE, BOOT_CODE_OFFSET + i,
                     "has the byte %#04x where this version's code has %#04x", code[i], ours[i]);
        return;
    }
}

static void check_area(struct verify *verify, const struct iso_given *given)
{
    struct iso_area area;
    if (iso_area_of_volume(&verify->files, given, &area) != EXIT_OK) {
        findings_add(&verify->findings, DIRECTORIES, ISO_AREA_OFFSET, "can't name the volume's files");
        return;
    }
    uint8_t *found = malloc(area.size);
    if (found == NULL)
        exit(failure_memory());
    if (verify_read(verify, DIRECTORIES, ISO_AREA_OFFSET, area.size, found))
        compare(verify, &area, found);
    free(found);
    iso_area_free(&area);
}

void verify_iso(struct verify *verify)
{
    struct block *image = &verify->files.image.block;
    struct iso_given given;
    struct error error;
    verify->is_cd = iso_is_there(image);
    if (!verify->is_cd || !iso_is_ours(image)) /* others have other directories, and boot from them */
        return;
    if (iso_given_read(image, &given, &error) != STATUS_OK) {
        findings_add(&verify->findings, DESCRIPTOR, ISO_AREA_OFFSET, "can't be read: %s", error.text);
        return;
    }
    if (given.image_size > image->size)
        findings_add(&verify->findings, DESCRIPTOR, ISO_AREA_OFFSET + ISO_VOLUME_BLOCKS,
                     "says that the CD has %lu bytes, but the image has %lu", given.image_size, image->size);
    check_boot_code(verify, given.boot_code);
    if (verify->is_mounted)
        check_area(verify, &given);
}
