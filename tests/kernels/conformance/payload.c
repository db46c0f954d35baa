/* Command line, ramdisk and modules: whole, unchanged, and what the test said there would be. */
#include "check.h"
#include "words.h"

#include <stagecoach/memory.h>
#include <stagecoach/print.h>

#define ANY UINT64_MAX
#define HASH_SIZE 8u
#define HASHED_WHOLE (16ull << 20)
#define STRIDE 4093u /* in larger files one byte in so many: every sector's successor is still noticed */

/* Test files end with the FNV-1a hash of the bytes before it, little endian (tests/kernels/payload.py). */
static uint64_t file_hash(const uint8_t *bytes, uint64_t size)
{
    uint64_t stride = size > HASHED_WHOLE ? STRIDE : 1;
    uint64_t hash = FNV_OFFSET;
    for (uint64_t i = 0; i < size - HASH_SIZE; i += stride)
        hash = fnv1a(hash, &bytes[i], 1);
    return hash;
}

static void check_file(const void *address, uint64_t size)
{
    const uint8_t *bytes = address;
    check_equal("file is page aligned", (uintptr_t)address % BOOT_PAGE_SIZE, 0);
    if (!check_that("file's size", size >= HASH_SIZE, size, "at least a hash"))
        return;
    uint64_t stored = 0, rest = 0;
    for (unsigned i = HASH_SIZE; i-- > 0;)
        stored = stored << 8 | bytes[size - HASH_SIZE + i];
    check_equal("file's hash", file_hash(bytes, size), stored);
    for (uint64_t i = size; i % BOOT_PAGE_SIZE != 0; i++)
        rest |= bytes[i];
    check_equal("rest of the file's last page", rest, 0);
    digest_number(size);
    digest_number(stored);
}

static void check_ramdisk(const struct boot_info *info)
{
    const char *line = info->command_line;
    bool wanted = info->ramdisk_size > 0;
    if (words_have(line, "no-ramdisk"))
        check_equal("ramdisk_size", info->ramdisk_size, 0);
    uint64_t size = words_number(line, "ramdisk=", ANY);
    if (size != ANY)
        check_equal("ramdisk_size", info->ramdisk_size, size);
    bool mapped = wanted && boot_note_.config.ramdisk != BOOT_NOWHERE;
    check_equal("ramdisk is mapped", info->ramdisk != NULL, mapped);
    check_equal("ramdisk has frames", info->ramdisk_phys != 0, wanted);
    check_equal("ramdisk_phys is page aligned", info->ramdisk_phys % BOOT_PAGE_SIZE, 0);
    if (mapped && boot_note_.config.ramdisk > BOOT_NOWHERE)
        check_equal("ramdisk as asked", (uintptr_t)info->ramdisk, boot_note_.config.ramdisk);
    if (mapped)
        check_file(info->ramdisk, info->ramdisk_size);
    else if (wanted && boot_phys_to_pointer(info, info->ramdisk_phys, info->ramdisk_size) != NULL)
        check_file(boot_phys_to_pointer(info, info->ramdisk_phys, info->ramdisk_size), info->ramdisk_size);
}

static void check_modules(const struct boot_info *info)
{
    uint64_t wanted = words_number(info->command_line, "modules=", ANY);
    if (wanted != ANY)
        check_equal("module_count", info->module_count, wanted);
    check_that("module_count", info->module_count <= 64, info->module_count, "at most 64");
    for (uint64_t i = 0; i < info->module_count; i++) {
        const struct boot_module *module = &info->modules[i];
        check_that("module's name", text_length(module->name, 256) > 0, i, "a text");
        check_that("module's arguments", text_length(module->arguments, 4096) >= 0, i, "a text");
        boot_print("module %s, %lu bytes, arguments '%s'\n", module->name, module->size, module->arguments);
        digest_text(module->name);
        digest_text(module->arguments);
        check_file(module->address, module->size);
    }
}

static void check_command_line(const struct boot_info *info)
{
    const char *line = info->command_line;
    int64_t length = text_length(line, 65536);
    if (!check_that("command line", length >= 0, (uintptr_t)line, "a text"))
        return;
    boot_print("command line '%s'\n", line);
    check_equal("command_line_size", info->command_line_size, (uint64_t)length);
    check_that("command line's hash", words_sound(line), 0, "the hash of its text");
    digest_text(line);
    if (words_have(line, "firmware=bios"))
        check_equal("firmware", info->firmware, BOOT_FIRMWARE_BIOS);
    if (words_have(line, "firmware=uefi"))
        check_equal("firmware", info->firmware, BOOT_FIRMWARE_UEFI);
    if (words_have(line, "firmware=none"))
        check_equal("firmware", info->firmware, BOOT_FIRMWARE_NONE);
    if (words_have(line, "source=network"))
        check_equal("boot source", info->boot_source, BOOT_SOURCE_NETWORK);
    if (words_have(line, "table=gpt"))
        check_equal("partition table", info->disk.table, BOOT_DISK_GPT);
    if (words_have(line, "table=mbr"))
        check_equal("partition table", info->disk.table, BOOT_DISK_MBR);
    if (words_have(line, "source=cd")) {
        check_equal("boot source", info->boot_source, BOOT_SOURCE_CD);
        check_equal("partition table", info->disk.table, BOOT_DISK_UNKNOWN);
    }
    if (words_have(line, "source=disk"))
        check_equal("boot source", info->boot_source, BOOT_SOURCE_DISK);
    if (words_have(line, "framebuffer"))
        check_that("framebuffer", info->framebuffer.phys != 0, 0, "one");
    if (words_have(line, "no-framebuffer"))
        check_equal("framebuffer", info->framebuffer.phys, 0);
}

void check_payload(const struct boot_info *info)
{
    check_subject("command line, ramdisk, modules");
    check_command_line(info);
    check_ramdisk(info);
    check_modules(info);
}
