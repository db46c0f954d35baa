#include "disk.h"

#include "bios.h"
#include "block_cache.h"
#include "checked.h"
#include "large.h"
#include "memory.h"

#define INT_DISK 0x13
#define DISK_RESET 0x0000u
#define EDD_CHECK 0x4100u
#define EDD_READ 0x4200u
#define EDD_PARAMETERS 0x4800u
#define EDD_SIGNATURE_IN 0x55aau
#define EDD_SIGNATURE_OUT 0xaa55u
#define EDD_EXTENDED_ACCESS 1u

#define EDD_SECTORS_MAX 127u /* per call: Phoenix EDD 1.1 */
#define DEFAULT_SECTOR_SIZE 512u
#define SINGLE_SECTOR_TRIES 3u
#define STRIKES_MAX 3u /* so many failures of large transfers in a row: the BIOS can't do them */

struct edd_packet {
    uint8_t size; /* 16: no flat 64-bit address, which SeaBIOS and Bochs accept and ignore */
    uint8_t reserved;
    uint16_t count;
    uint16_t offset, segment;
    uint64_t lba;
};
_Static_assert(sizeof(struct edd_packet) == 16, "EDD 3.0, 8.5.2");

struct edd_parameters {
    uint16_t size;
    uint16_t flags;
    uint32_t cylinders, heads, sectors_per_track;
    uint32_t sectors[2]; /* low, high */
    uint16_t sector_size;
} __attribute__((packed));
_Static_assert(sizeof(struct edd_parameters) == 26, "EDD 1.1");

static struct disk {
    struct block block;
    uint32_t number;
    uint32_t largest; /* sectors in one transfer */
    uint32_t strikes;
    struct { /* what the last transfer left in the transfer buffer, for as long as nobody calls the BIOS */
        uint64_t lba, count, calls;
    } held;
} disk;

LARGE("block_cache") static struct block_cache cache;

static void disk_reset(void)
{
    struct bios_registers registers = {.eax = DISK_RESET, .edx = disk.number};
    bios_interrupt(INT_DISK, &registers);
}

/* One INT 13h read of `count` sectors into the transfer buffer. Returns the BIOS's status, 0 for success. */
static uint8_t read_once(uint64_t lba, uint32_t count)
{
    struct edd_packet packet = {
        .size = sizeof packet, .count = (uint16_t)count, .offset = 0, .segment = TRANSFER_SEGMENT, .lba = lba};
    struct bios_registers registers = {.eax = EDD_READ, .edx = disk.number};
    uint16_t offset;
    linear_to_far(&packet, &registers.ds, &offset);
    registers.esi = offset;
    bios_interrupt(INT_DISK, &registers);
    if (!bios_failed(&registers)) {
        bios_count_read((uint64_t)count * disk.block.sector_size);
        return 0;
    }
    uint8_t status = (uint8_t)(registers.eax >> 8);
    return status != 0 ? status : 0xff;
}

/* Reads up to *count sectors; on success *count is how many arrived. Halves the transfer on failure; the last sector
 * gets several tries. */
static enum status read_sectors(uint64_t lba, uint32_t *count, struct error *error)
{
    uint32_t wanted = *count, tries = SINGLE_SECTOR_TRIES;
    for (uint32_t now = wanted;;) {
        uint8_t failure = read_once(lba, now);
        if (failure == 0) {
            disk.strikes = now < wanted ? disk.strikes + 1 : 0;
            if (disk.strikes >= STRIKES_MAX)
                disk.largest = now;
            *count = now;
            disk.held.lba = lba;
            disk.held.count = now;
            disk.held.calls = firmware_stats().calls;
            return STATUS_OK;
        }
        disk_reset();
        if (now > 1)
            now /= 2;
        else if (--tries == 0)
            return error_set(error, STATUS_READ_ERROR,
                             "drive %#x: sector %llu can't be read (INT 13h status %#04x): the disk or its cable fails",
                             disk.number, (unsigned long long)lba, failure);
    }
}

/* Whether sector `lba` is in the transfer buffer: a file's next segment often begins in the sector where one ended. */
static bool is_held(uint64_t lba)
{
    return disk.held.calls == firmware_stats().calls && lba - disk.held.lba < disk.held.count;
}

static enum status disk_read(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    uint8_t *out = to;
    while (size > 0) {
        uint64_t lba = offset / block->sector_size, skip = offset % block->sector_size;
        uint64_t sectors = (skip + size - 1) / block->sector_size + 1;
        if (!is_held(lba)) {
            uint32_t count = sectors < disk.largest ? (uint32_t)sectors : disk.largest;
            enum status status = read_sectors(lba, &count, error);
            if (status != STATUS_OK)
                return status;
        }
        skip += (lba - disk.held.lba) * block->sector_size;
        uint64_t got = disk.held.count * block->sector_size - skip;
        got = got < size ? got : size;
        memcpy(out, transfer_buffer() + skip, got);
        out += got;
        offset += got;
        size -= got;
    }
    return STATUS_OK;
}

enum status disk_read_raw(uint64_t offset, uint64_t size, void *to, struct error *error)
{
    if (disk.block.sector_size == 0)
        return error_set(error, STATUS_INTERNAL, "no disk is open");
    return disk_read(&disk.block, offset, size, to, error);
}

bool disk_has_edd(uint32_t number)
{
    struct bios_registers registers = {.eax = EDD_CHECK, .ebx = EDD_SIGNATURE_IN, .edx = number};
    bios_interrupt(INT_DISK, &registers);
    return !bios_failed(&registers) && (registers.ebx & 0xffff) == EDD_SIGNATURE_OUT &&
           (registers.ecx & EDD_EXTENDED_ACCESS) != 0;
}

static enum status check_edd(struct error *error)
{
    if (!disk_has_edd(disk.number))
        return error_set(error, STATUS_NO_EDD,
                         "the BIOS has no extended disk services (EDD): connect the disk to another controller");
    return STATUS_OK;
}

/* Bytes of a sector. Of a CD stage 1 knows it, for it has read some; BIOSes may give a disk's number there. */
static uint32_t sector_size_of(const struct edd_parameters *parameters)
{
    const struct stage_handoff *handoff = bios_handoff();
    if (handoff->cd_sector_size != 0 && disk.number == handoff->drive)
        return handoff->cd_sector_size;
    return parameters->sector_size != 0 ? parameters->sector_size : DEFAULT_SECTOR_SIZE;
}

/* Sector and disk size. Some BIOSes refuse to tell, or tell 0: then 512 bytes and no known end. */
static enum status read_geometry(struct error *error)
{
    struct edd_parameters parameters = {.size = sizeof parameters};
    struct bios_registers registers = {.eax = EDD_PARAMETERS, .edx = disk.number};
    uint16_t offset;
    linear_to_far(&parameters, &registers.ds, &offset);
    registers.esi = offset;
    bios_interrupt(INT_DISK, &registers);
    if (bios_failed(&registers))
        parameters = (struct edd_parameters){0};

    uint32_t sector_size = sector_size_of(&parameters);
    if (!is_power_of_two(sector_size) || sector_size < 512 || sector_size > 4096)
        return error_set(error, STATUS_SECTOR_SIZE, "sectors of %u bytes; 512 to 4096 can be used", sector_size);
    uint64_t sectors = (uint64_t)parameters.sectors[1] << 32 | parameters.sectors[0], size;
    bool doubtful = parameters.sector_size != 0 && parameters.sector_size != sector_size; /* sectors of which size? */
    if (sectors == 0 || doubtful || !mul_ok(sectors, sector_size, &size) || size > DISK_SIZE_UNKNOWN)
        size = DISK_SIZE_UNKNOWN;
    disk.block.size = size;
    disk.block.sector_size = sector_size;
    uint32_t fits = TRANSFER_SIZE / sector_size;
    disk.largest = fits < EDD_SECTORS_MAX ? fits : EDD_SECTORS_MAX;
    return STATUS_OK;
}

enum status disk_open(uint32_t number, struct block **block, struct error *error)
{
    disk = (struct disk){.block = {.read = disk_read}, .number = number};
    enum status status = check_edd(error);
    if (status == STATUS_OK)
        status = read_geometry(error);
    if (status != STATUS_OK)
        return status;
    block_cache_init(&cache, &disk.block);
    *block = &cache.block;
    return status;
}
