#include "image_probe.h"

#include "boot_code.h"
#include "host_block.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool probe(int fd)
{
    struct block block;
    struct boot_code code;
    struct error ignored;
    struct stat stat_of;
    if (fstat(fd, &stat_of) != 0 || !S_ISREG(stat_of.st_mode))
        return false;
    host_block_init(&block, fd, (uint64_t)stat_of.st_size, BIOS_SECTOR_SIZE);
    return boot_code_read(&block, 0, &code, &ignored) == STATUS_OK &&
           (code.kind == BOOT_CODE_STAGES || code.kind == BOOT_CODE_UEFI_ONLY);
}

bool image_probe(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool ours = probe(fd);
    close(fd);
    return ours;
}
