#include "fat.h"

#include "checked.h"
#include "memory.h"

#include <stddef.h>

#define BOOT_SECTOR_SIZE 512u
#define CHAIN_END 0u

struct parameters { /* of the boot sector, as far as they matter */
    uint32_t sector_size, sectors_per_cluster, reserved, fats, root_entries, sectors, fat_sectors;
    bool wide; /* has the FAT32 form: no 16-bit FAT size */
    uint32_t flags, version, root_cluster;
};

static uint32_t load16(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8;
}

static uint32_t load32(const uint8_t *bytes)
{
    return load16(bytes) | load16(bytes + 2) << 16;
}

static void parse_parameters(const uint8_t *sector, struct parameters *parameters)
{
    *parameters = (struct parameters){
        .sector_size = load16(sector + 11),
        .sectors_per_cluster = sector[13],
        .reserved = load16(sector + 14),
        .fats = sector[16],
        .root_entries = load16(sector + 17),
        .sectors = load16(sector + 19) != 0 ? load16(sector + 19) : load32(sector + 32),
        .fat_sectors = load16(sector + 22),
        .wide = load16(sector + 22) == 0,
    };
    if (parameters->wide) {
        parameters->fat_sectors = load32(sector + 36);
        parameters->flags = load16(sector + 40);
        parameters->version = load16(sector + 42);
        parameters->root_cluster = load32(sector + 44);
    }
}

static enum status check_parameters(const struct parameters *parameters, struct error *error)
{
    if (parameters->sector_size < 512 || parameters->sector_size > 4096 || !is_power_of_two(parameters->sector_size))
        return error_set(error, STATUS_FAT_BAD, "FAT: %u bytes per sector", parameters->sector_size);
    if (parameters->sectors_per_cluster > 128 || !is_power_of_two(parameters->sectors_per_cluster))
        return error_set(error, STATUS_FAT_BAD, "FAT: %u sectors per cluster", parameters->sectors_per_cluster);
    if (parameters->reserved == 0)
        return error_set(error, STATUS_FAT_BAD, "FAT: no reserved sector for the boot sector itself");
    if (parameters->fats != 1 && parameters->fats != 2)
        return error_set(error, STATUS_FAT_BAD, "FAT: %u file allocation tables, not 1 or 2", parameters->fats);
    if (parameters->root_entries * FAT_ENTRY_SIZE % parameters->sector_size != 0)
        return error_set(error, STATUS_FAT_BAD, "FAT: %u root entries don't fill whole sectors",
                         parameters->root_entries);
    if (parameters->sectors == 0 || parameters->fat_sectors == 0)
        return error_set(error, STATUS_FAT_BAD, "FAT: a volume of %u sectors with tables of %u", parameters->sectors,
                         parameters->fat_sectors);
    if (parameters->version != 0)
        return error_set(error, STATUS_FAT_BAD, "FAT: version %#x, not 0", parameters->version);
    return STATUS_OK;
}

/* Places the parts of the volume one behind the other. */
static enum status place_parts(struct fat *fat, const struct parameters *parameters, uint64_t room, struct error *error)
{
    uint64_t sector = parameters->sector_size;
    fat->sector_size = parameters->sector_size;
    fat->cluster_size = parameters->sector_size * parameters->sectors_per_cluster;
    fat->size = parameters->sectors * sector;
    fat->fat_offset = parameters->reserved * sector;
    fat->fat_size = parameters->fat_sectors * sector;
    fat->root_entries = parameters->root_entries;
    fat->root_offset = fat->fat_offset + parameters->fats * fat->fat_size;
    fat->data_offset = fat->root_offset + (uint64_t)parameters->root_entries * FAT_ENTRY_SIZE;
    if (fat->size > room)
        return error_set(error, STATUS_FAT_BAD, "FAT: the volume has %lu bytes, its partition only %lu", fat->size,
                         room);
    if (fat->data_offset >= fat->size)
        return error_set(error, STATUS_FAT_BAD, "FAT: no room for data in %u sectors", parameters->sectors);
    uint64_t clusters = (fat->size - fat->data_offset) / fat->cluster_size;
    if (clusters == 0 || clusters > FAT32_CLUSTERS_MAX)
        return error_set(error, STATUS_FAT_BAD, "FAT: %lu clusters", clusters);
    fat->cluster_count = (uint32_t)clusters;
    fat->bits = clusters <= FAT12_CLUSTERS_MAX ? 12 : clusters <= FAT16_CLUSTERS_MAX ? 16 : 32;
    return STATUS_OK;
}

static bool is_cluster(const struct fat *fat, uint32_t cluster)
{
    return cluster >= 2 && cluster - 2 < fat->cluster_count;
}

/* What depends on the type, which the number of clusters alone decides. */
static enum status check_type(struct fat *fat, const struct parameters *parameters, struct error *error)
{
    bool wide = fat->bits == 32;
    if (wide != parameters->wide || wide != (parameters->root_entries == 0))
        return error_set(error, STATUS_FAT_BAD, "FAT: %u clusters make it FAT%u, the boot sector has another form",
                         fat->cluster_count, fat->bits);
    uint64_t needed = ((uint64_t)fat->cluster_count + 2) * fat->bits;
    if (fat->fat_size * 8 < needed)
        return error_set(error, STATUS_FAT_BAD, "FAT: tables of %lu bytes are too small for %u clusters", fat->fat_size,
                         fat->cluster_count);
    if (!wide)
        return STATUS_OK;
    fat->root_offset = 0;
    fat->root_cluster = parameters->root_cluster;
    if (!is_cluster(fat, fat->root_cluster))
        return error_set(error, STATUS_FAT_BAD, "FAT: root directory at cluster %u of %u", fat->root_cluster,
                         fat->cluster_count);
    if ((parameters->flags & 0x80) != 0) { /* no mirroring: one table counts */
        uint32_t active = parameters->flags & 0xf;
        if (active >= parameters->fats)
            return error_set(error, STATUS_FAT_BAD, "FAT: table %u of %u is said to count", active, parameters->fats);
        fat->fat_offset += active * fat->fat_size;
    }
    return STATUS_OK;
}

enum status fat_mount(struct fat *fat, struct block *block, uint64_t start, uint64_t size, struct error *error)
{
    uint8_t sector[BOOT_SECTOR_SIZE];
    struct parameters parameters;
    if (!range_ok(start, size, block->size) || size < sizeof sector)
        return error_set(error, STATUS_DISK_SHORT, "FAT: a volume of %lu bytes at byte %lu of a disk of %lu", size,
                         start, block->size);
    enum status status = block_read(block, start, sizeof sector, sector, error);
    if (status != STATUS_OK)
        return status;
    if (sector[510] != 0x55 || sector[511] != 0xaa)
        return error_set(error, STATUS_FAT_BAD, "FAT: the boot sector does not end in 55 aa");
    memset(fat, 0, offsetof(struct fat, window));
    fat->block = block;
    fat->start = start;
    parse_parameters(sector, &parameters);
    status = check_parameters(&parameters, error);
    if (status == STATUS_OK)
        status = place_parts(fat, &parameters, size, error);
    if (status == STATUS_OK)
        status = check_type(fat, &parameters, error);
    fat->volume_id = load32(sector + (fat->bits == 32 ? 67 : 39));
    fat->window_offset = fat->entries_offset = UINT64_MAX;
    return status;
}

/* `size` bytes of the table, through the window. Windows begin at sectors: an entry of FAT12 that lies across two
 * windows is wholly in the next one. */
static enum status fat_bytes(struct fat *fat, uint64_t offset, uint32_t size, const uint8_t **bytes,
                             struct error *error)
{
    uint64_t window = fat->window_offset;
    if (window == UINT64_MAX || offset < window || offset + size > window + FAT_WINDOW_SIZE) {
        window = align_down(offset, BOOT_SECTOR_SIZE);
        uint64_t left = fat->fat_size - window;
        fat->window_offset = UINT64_MAX;
        enum status status = block_read(fat->block, fat->start + fat->fat_offset + window,
                                        left < FAT_WINDOW_SIZE ? left : FAT_WINDOW_SIZE, fat->window, error);
        if (status != STATUS_OK)
            return status;
        fat->window_offset = window;
    }
    *bytes = fat->window + (offset - window);
    return STATUS_OK;
}

enum status fat_chain_next(struct fat *fat, uint32_t cluster, uint32_t *next, struct error *error)
{
    const uint8_t *bytes;
    if (!is_cluster(fat, cluster))
        return error_set(error, STATUS_FAT_CHAIN, "FAT: cluster %u of %u", cluster, fat->cluster_count);
    uint64_t offset = (uint64_t)cluster * fat->bits / 8;
    enum status status = fat_bytes(fat, offset, fat->bits == 32 ? 4 : 2, &bytes, error);
    if (status != STATUS_OK)
        return status;
    uint32_t value = fat->bits == 32 ? load32(bytes) & 0x0fffffff : load16(bytes);
    if (fat->bits == 12)
        value = (cluster & 1) != 0 ? value >> 4 : value & 0xfff;
    uint32_t last = fat->bits == 32 ? 0x0fffffff : (1u << fat->bits) - 1;
    if (value >= last - 7) {
        *next = CHAIN_END;
        return STATUS_OK;
    }
    if (!is_cluster(fat, value))
        return error_set(error, STATUS_FAT_CHAIN, "FAT: cluster %u goes on at %s%#x", cluster,
                         value == last - 8 ? "bad cluster " : "", value);
    *next = value;
    return STATUS_OK;
}

enum status fat_file_cluster(struct fat_file *file, uint32_t index, uint32_t *cluster, struct error *error)
{
    struct fat *fat = file->fat;
    if (file->cursor_cluster == 0 || index < file->cursor_index) {
        if (!is_cluster(fat, file->first_cluster))
            return error_set(error, STATUS_FAT_CHAIN, "FAT: a file begins at cluster %u of %u", file->first_cluster,
                             fat->cluster_count);
        file->cursor_index = 0;
        file->cursor_cluster = file->first_cluster;
    }
    if (index >= fat->cluster_count)
        return error_set(error, STATUS_FAT_CHAIN, "FAT: a chain has more clusters than the volume (%u)",
                         fat->cluster_count);
    while (file->cursor_index < index) {
        uint32_t next = CHAIN_END;
        enum status status = fat_chain_next(fat, file->cursor_cluster, &next, error);
        if (status != STATUS_OK)
            return status;
        if (next == CHAIN_END) {
            *cluster = CHAIN_END;
            return STATUS_OK;
        }
        file->cursor_cluster = next;
        file->cursor_index++;
    }
    *cluster = file->cursor_cluster;
    return STATUS_OK;
}

/* How many of the first `most` entries go on at the next higher number, the first of them at `next`: two or four
 * entries a step. One that differs, be it in FAT32's four reserved bits alone, ends the count: its caller takes a
 * closer look. */
static uint32_t count_rising(const uint8_t *entries, uint32_t bits, uint32_t next, uint64_t most)
{
    const uint64_t per_word = 64 / bits, one_each = bits == 32 ? 0x0000000100000001 : 0x0001000100010001;
    const uint64_t lanes = bits == 32 ? 0x0000000100000000 : 0x0003000200010000, step = one_each * per_word;
    const uint8_t *at = entries, *end = entries + most / per_word * 8;
    for (uint64_t expected = one_each * next + lanes; at < end; at += 8, expected += step) {
        uint64_t word;
        __builtin_memcpy(&word, at, sizeof word);
        if (word != expected)
            break;
    }
    return (uint32_t)((uint64_t)(at - entries) / 8 * per_word);
}

/* How many clusters from `cluster` on, at most `most`, go on at the next higher number, as far as the window shows:
 * most do, and a call for each would cost as much time as reading them. May be fewer than there are. */
static uint32_t count_neighbours(const struct fat *fat, uint32_t cluster, uint64_t most)
{
    uint64_t entry_size = fat->bits / 8, window = fat->window_offset, offset = cluster * entry_size;
    if (fat->bits == 12 || !is_cluster(fat, cluster) || window == UINT64_MAX || offset < window)
        return 0;
    uint64_t end = fat->fat_size - window < FAT_WINDOW_SIZE ? fat->fat_size - window : FAT_WINDOW_SIZE;
    uint64_t last = fat->cluster_count + 1ull; /* its number */
    if (offset - window >= end)
        return 0;
    most = last - cluster < most ? last - cluster : most;
    uint64_t shown = (end - (offset - window)) / entry_size;
    return count_rising(fat->window + (offset - window), fat->bits, cluster + 1, shown < most ? shown : most);
}

/* From `offset` on, the longest stretch of up to `size` bytes whose clusters are neighbours on the disk. */
static enum status find_run(struct fat_file *file, uint64_t offset, uint64_t size, uint64_t *at, uint64_t *length,
                            struct error *error)
{
    struct fat *fat = file->fat;
    uint32_t index = (uint32_t)(offset / fat->cluster_size), within = (uint32_t)(offset % fat->cluster_size);
    uint32_t first = CHAIN_END, next = CHAIN_END;
    enum status status = fat_file_cluster(file, index, &first, error);
    if (status == STATUS_OK && first == CHAIN_END)
        return error_set(error, STATUS_FAT_CHAIN, "FAT: a file of %u bytes has clusters for %lu only", file->size,
                         (uint64_t)index * fat->cluster_size);
    if (status != STATUS_OK)
        return status;
    *at = fat->data_offset + (uint64_t)(first - 2) * fat->cluster_size + within;
    *length = fat->cluster_size - within;
    for (uint32_t run = 1; *length < size;) {
        uint32_t more = count_neighbours(fat, first + run - 1, (size - *length - 1) / fat->cluster_size + 1);
        if (more == 0) {
            status = fat_file_cluster(file, index + run, &next, error);
            if (status != STATUS_OK)
                return status;
            if (next != first + run)
                break;
            more = 1;
        }
        run += more;
        *length += (uint64_t)more * fat->cluster_size;
        file->cursor_index = index + run - 1;
        file->cursor_cluster = first + run - 1;
    }
    if (*length > size)
        *length = size;
    return STATUS_OK;
}

enum status fat_read(struct fat_file *file, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    struct fat *fat = file->fat;
    uint8_t *target = to;
    if ((file->attributes & FAT_ATTRIBUTE_DIRECTORY) != 0)
        return error_set(error, STATUS_NOT_A_FILE, "a directory can't be read as a file");
    if (!range_ok(offset, size, file->size))
        return error_set(error, STATUS_FILE_SHORT, "%lu bytes at byte %lu of a file of %u", size, offset, file->size);
    if (file->size > (uint64_t)fat->cluster_count * fat->cluster_size)
        return error_set(error, STATUS_FAT_CHAIN, "FAT: a file of %u bytes on a volume of %lu", file->size, fat->size);
    while (size > 0) {
        uint64_t at = 0, length = 0;
        enum status status = find_run(file, offset, size, &at, &length, error);
        if (status == STATUS_OK)
            status = block_read(fat->block, fat->start + at, length, target, error);
        if (status != STATUS_OK)
            return status;
        offset += length;
        target += length;
        size -= length;
    }
    return STATUS_OK;
}
