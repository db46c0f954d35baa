#include "image_probe.h"

#include "../bios/image_format.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define STAGES_LBA_MAX 65536u /* far beyond where we ever put them */

static bool probe(int fd)
{
    struct bios_stage1_patch patch;
    struct bios_stages_header header;
    if (pread(fd, &patch, sizeof patch, BIOS_STAGE1_PATCH_OFFSET) != (ssize_t)sizeof patch)
        return false;
    if (memcmp(&patch, BIOS_UEFI_ONLY_MAGIC, strlen(BIOS_UEFI_ONLY_MAGIC)) == 0)
        return true;
    if (patch.stages_lba == 0 || patch.stages_lba > STAGES_LBA_MAX)
        return false;
    off_t offset = (off_t)(patch.stages_lba * BIOS_SECTOR_SIZE);
    if (pread(fd, &header, sizeof header, offset) != (ssize_t)sizeof header)
        return false;
    return memcmp(header.magic, BIOS_STAGES_MAGIC, sizeof header.magic) == 0 && header.image_id == patch.image_id;
}

bool image_probe(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ours = probe(fd);
    close(fd);
    return ours;
}
