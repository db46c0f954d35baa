/* The fixed part of struct boot_info and where its pointers lead. */
#include "check.h"
#include "state.h"

#include <stagecoach/memory.h>
#include <stagecoach/print.h>

#define TEXT_LIMIT 65536

static void check_doors(const struct boot_info *info)
{
    check_that("firmware", info->firmware >= BOOT_FIRMWARE_BIOS && info->firmware <= BOOT_FIRMWARE_NONE, info->firmware,
               "1 to 3");
    check_that("boot source", info->boot_source >= BOOT_SOURCE_DISK && info->boot_source <= BOOT_SOURCE_MULTIBOOT2,
               info->boot_source, "1 to 6");
    bool direct = info->boot_source >= BOOT_SOURCE_PVH;
    check_equal("started directly", info->firmware == BOOT_FIRMWARE_NONE, direct);
}

static void check_disk(const struct boot_info *info)
{
    const struct boot_disk *disk = &info->disk;
    uint64_t guid = fnv1a(0, disk->disk_guid, 16), partition_guid = fnv1a(0, disk->partition_guid, 16);
    check_that("disk.table", disk->table <= BOOT_DISK_MBR, disk->table, "0 to 2");
    bool network = info->boot_source == BOOT_SOURCE_NETWORK;
    check_equal("disk.bios_drive is set by a BIOS, for disks", disk->bios_drive != 0,
                info->firmware == BOOT_FIRMWARE_BIOS && !network);
    if (network)
        check_equal("disk.table without a disk", disk->table, BOOT_DISK_UNKNOWN);
    check_equal("disk.disk_guid is for GPT", guid != 0, disk->table == BOOT_DISK_GPT);
    check_equal("disk.partition_guid is for GPT", partition_guid != 0, disk->table == BOOT_DISK_GPT);
    if (disk->table != BOOT_DISK_MBR)
        check_equal("disk.mbr_signature is for MBR", disk->mbr_signature, 0);
    if (disk->table != BOOT_DISK_UNKNOWN) {
        check_that("disk.partition_number", disk->partition_number >= 1, disk->partition_number, "from 1");
        check_that("disk.partition_lba", disk->partition_lba >= 1, disk->partition_lba, "behind the table");
    }
}

static void check_own_memory(const char *name, const struct boot_info *info, const void *pointer, uint64_t size)
{
    uint64_t start = (uintptr_t)info & ~(BOOT_PAGE_SIZE - 1);
    uint64_t address = (uintptr_t)pointer;
    /* Not a promise, but so it is: all that boot_info points to lies behind it, within a few MiB. */
    check_that(name, pointer != NULL && address >= start && address + size <= start + (64ull << 20), address,
               "memory of the boot info");
}

static void check_pointers(const struct boot_info *info)
{
    check_own_memory("loader", info, info->loader, 1);
    check_own_memory("command_line", info, info->command_line, info->command_line_size + 1);
    check_own_memory("memory_map", info, info->memory_map, info->memory_map_count * sizeof(*info->memory_map));
    check_own_memory("segments", info, info->segments, info->segment_count * sizeof(*info->segments));
    check_own_memory("log", info, info->log, info->log_size + 1);
    check_own_memory("timeline", info, info->timeline, info->timeline_count * sizeof(*info->timeline));
    if (info->module_count > 0)
        check_own_memory("modules", info, info->modules, info->module_count * sizeof(*info->modules));
}

static void check_stack(const struct boot_info *info)
{
    const struct boot_config *wish = &boot_note_.config;
    uint64_t size = wish->kernel_stack_size == 0 ? 65536 : (wish->kernel_stack_size + 4095) & ~4095ull;
    check_equal("stack_size", info->stack_size, size);
    check_equal("stack_address is page aligned", info->stack_address % BOOT_PAGE_SIZE, 0);
    if (wish->kernel_stack > BOOT_NOWHERE)
        check_equal("stack_address as asked", info->stack_address, wish->kernel_stack);
    uint64_t here = (uintptr_t)__builtin_frame_address(0);
    check_that("the stack is in use", here >= info->stack_address && here - info->stack_address < info->stack_size,
               here, "inside the stack");
    digest_number(info->stack_size);
}

/* Of a seed of zeroes, or of one repeated byte, nothing is random. */
static void check_seed(const struct boot_info *info)
{
    bool varies = false;
    for (unsigned i = 1; i < sizeof(info->seed); i++)
        varies |= info->seed[i] != info->seed[0];
    check_that("seed", varies, info->seed[0], "32 random bytes");
    check_that("seed_bits", info->seed_bits <= 8 * sizeof(info->seed), info->seed_bits, "at most 256");
    check_equal("seed_bits come from seed_sources", info->seed_bits > 0, info->seed_sources != 0);
    check_equal("seed_sources, unknown ones",
                info->seed_sources & ~(BOOT_SEED_RDSEED | BOOT_SEED_RDRAND | BOOT_SEED_FIRMWARE | BOOT_SEED_TIMER), 0);
    bool rdrand = (read_cpuid(1).ecx & 1u << 30) != 0, used = (info->seed_sources & BOOT_SEED_RDRAND) != 0;
    check_equal("seed from RDRAND", used, rdrand);
    boot_print("seed of %u bits, sources %x\n", info->seed_bits, info->seed_sources);
}

void check_info(const struct boot_info *info)
{
    check_subject("boot info");
    check_equal("address is aligned", (uintptr_t)info % 8, 0);
    if (boot_note_.config.boot_info > BOOT_NOWHERE)
        check_equal("address as asked", (uintptr_t)info, boot_note_.config.boot_info);
    check_equal("magic", info->magic, BOOT_INFO_MAGIC);
    check_that("size", info->size >= sizeof(*info) && info->size % 8 == 0, info->size, "this header's or more");
    check_equal("version", info->version, BOOT_PROTOCOL_VERSION);
    check_equal("reserved", info->reserved, 0);
    check_pointers(info);
    check_that("loader's name", text_length(info->loader, 256) > 0, 0, "a text");
    boot_print("loader %s, firmware %u, source %u\n", info->loader, info->firmware, info->boot_source);
    check_doors(info);
    check_disk(info);
    check_stack(info);
    check_seed(info);
    digest_number(info->version);
}
