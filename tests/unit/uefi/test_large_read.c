/* Files read past the firmware's file system: from firmware that reads by bytes, that does not, and that fails. */
#include "../cmocka_all.h"

#include "large_read.h"
#include "services.h"
#include "support/fat_image.h"

#include <stdlib.h>
#include <string.h>

#define CLUSTERS 65525u /* the fewest of FAT32; of 512 bytes each */
#define CLUSTER 512u
#define PIECE 100u /* clusters */
#define PIECES 20u
#define SIZE (PIECES * PIECE * CLUSTER - 100)
#define MEDIA 7u
#define GUARD 16u

static struct fat_image image;
static char place;
static EFI_HANDLE device = &place;

static struct {
    bool no_disk_io, no_block_io;
    uint64_t fail_from; /* reads that go beyond fail */
    unsigned reads;
} fake;

static void *allocated; /* what was not given back */

static EFI_BLOCK_IO_MEDIA media;
static EFI_BLOCK_IO_PROTOCOL block_io = {.Media = &media};

static EFI_STATUS EFIAPI read_disk(EFI_DISK_IO_PROTOCOL *this, UINT32 id, UINT64 offset, UINTN size, VOID *to)
{
    assert_non_null(this);
    fake.reads++;
    if (id != media.MediaId)
        return EFI_MEDIA_CHANGED;
    assert_true(size <= image.size && offset <= image.size - size);
    if (offset + size > fake.fail_from)
        return EFI_DEVICE_ERROR;
    memcpy(to, image.bytes + offset, size);
    return EFI_SUCCESS;
}

static EFI_DISK_IO_PROTOCOL disk_io = {.ReadDisk = read_disk};

static EFI_STATUS EFIAPI handle_protocol(EFI_HANDLE handle, EFI_GUID *guid, VOID **interface)
{
    static const EFI_GUID by_blocks = EFI_BLOCK_IO_PROTOCOL_GUID, by_bytes = EFI_DISK_IO_PROTOCOL_GUID;
    assert_ptr_equal(handle, device);
    if (!fake.no_block_io && memcmp(guid, &by_blocks, sizeof by_blocks) == 0)
        *interface = &block_io;
    else if (!fake.no_disk_io && memcmp(guid, &by_bytes, sizeof by_bytes) == 0)
        *interface = &disk_io;
    else
        return EFI_UNSUPPORTED;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI allocate_pool(EFI_MEMORY_TYPE type, UINTN size, VOID **memory)
{
    (void)type;
    assert_null(allocated);
    *memory = allocated = malloc(size);
    return *memory != NULL ? EFI_SUCCESS : EFI_OUT_OF_RESOURCES;
}

static EFI_STATUS EFIAPI free_pool(VOID *memory)
{
    assert_ptr_equal(memory, allocated);
    free(memory);
    allocated = NULL;
    return EFI_SUCCESS;
}

static EFI_BOOT_SERVICES boot = {
    .HandleProtocol = handle_protocol,
    .AllocatePool = allocate_pool,
    .FreePool = free_pool,
};

/* A file in pieces, each as far from the next as it is long. */
static int make_volume(void **state)
{
    (void)state;
    fat_image_make(&image, 32, CLUSTERS, 1);
    fat_image_entry(fat_image_root(&image), "PIECES  BIN", 0x20, 10, SIZE);
    for (uint32_t i = 0; i < PIECES * PIECE; i++) {
        const uint32_t cluster = 10 + i / PIECE * 2 * PIECE + i % PIECE;
        const uint32_t next = i % PIECE == PIECE - 1 ? cluster + PIECE + 1 : cluster + 1;
        fat_image_set(&image, cluster, i == PIECES * PIECE - 1 ? 0x0fffffff : next);
        for (uint32_t k = 0; k < CLUSTER; k++)
            fat_image_cluster(&image, cluster)[k] = fat_image_byte((uint64_t)i * CLUSTER + k);
    }
    return 0;
}

static int free_volume(void **state)
{
    (void)state;
    free(allocated);
    fat_image_free(&image);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    free(allocated);
    allocated = NULL;
    memset(&services, 0, sizeof services);
    memset(&fake, 0, sizeof fake);
    services.boot = &boot;
    fake.fail_from = UINT64_MAX;
    media = (EFI_BLOCK_IO_MEDIA){
        .MediaId = MEDIA, .MediaPresent = TRUE, .BlockSize = 512, .LastBlock = image.size / 512 - 1};
    large_read_start(device);
    return 0;
}

static void check_bytes(struct fat_file *file, uint64_t offset, uint64_t size)
{
    uint8_t *bytes = malloc(size + GUARD);
    memset(bytes + size, 0xee, GUARD);
    assert_true(large_read(file, offset, size, bytes));
    for (uint64_t i = 0; i < size; i++)
        if (bytes[i] != fat_image_byte(offset + i))
            fail_msg("byte %llu is wrong", (unsigned long long)(offset + i));
    for (uint64_t i = 0; i < GUARD; i++)
        assert_int_equal(bytes[size + i], 0xee);
    free(bytes);
}

static void each_piece_is_one_read(void **state)
{
    (void)state;
    struct fat_file file;
    assert_true(large_read_open("/pieces.bin", SIZE, &file));
    const unsigned before = fake.reads;
    check_bytes(&file, 0, SIZE);
    assert_in_range(fake.reads - before, PIECES, PIECES + 2); /* 16 KiB of the table besides, perhaps across two */
    assert_int_equal(services.stats.disk_reads, fake.reads);
    assert_true(services.stats.bytes_read >= SIZE);
    const unsigned once = fake.reads;
    assert_true(large_read_open("/Pieces.BIN", SIZE, &file)); /* the volume is known now */
    assert_int_equal(fake.reads, once);
}

static void any_part_reads_back(void **state)
{
    (void)state;
    static const uint64_t parts[][2] = {
        {0, 1},        {1, 1000},        {PIECE * CLUSTER - 1, 2}, {PIECE * CLUSTER, PIECE * CLUSTER},
        {SIZE - 3, 3}, {700, SIZE - 700}};
    struct fat_file file;
    assert_true(large_read_open("/pieces.bin", SIZE, &file));
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        check_bytes(&file, parts[i][0], parts[i][1]);
    assert_false(large_read(&file, 0, SIZE + 1, NULL));
}

static void other_files_are_not_found(void **state)
{
    (void)state;
    struct fat_file file;
    fat_image_entry(fat_image_root(&image) + FAT_ENTRY_SIZE, "FOLDER     ", FAT_ATTRIBUTE_DIRECTORY, 9000, 0);
    assert_false(large_read_open("/pieces.bin", SIZE - 1, &file)); /* not what the file system calls so */
    assert_false(large_read_open("/nothing.bin", SIZE, &file));
    assert_false(large_read_open("/folder", 0, &file));
    assert_true(large_read_open("/pieces.bin", SIZE, &file));
}

/* Nothing is kept of a volume that can't be read so, and it is not looked at again. */
static void check_unusable(void)
{
    struct fat_file file;
    large_read_start(device);
    assert_false(large_read_open("/pieces.bin", SIZE, &file));
    assert_null(allocated);
    const unsigned before = fake.reads;
    assert_false(large_read_open("/pieces.bin", SIZE, &file));
    assert_int_equal(fake.reads, before);
    set_up(NULL);
}

static void odd_firmware_is_left_alone(void **state)
{
    (void)state;
    fake.no_disk_io = true;
    check_unusable();
    fake.no_block_io = true;
    check_unusable();
    media.MediaPresent = FALSE;
    check_unusable();
    static const UINT32 sizes[] = {0, 1, 256, 513, 8192};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        media.BlockSize = sizes[i];
        check_unusable();
    }
    media.LastBlock = UINT64_MAX;
    check_unusable();
    media.LastBlock = UINT64_MAX / 256;
    check_unusable();
    media.LastBlock--; /* the volume says that it is longer */
    check_unusable();
    fake.fail_from = 0;
    check_unusable();
    image.bytes[510] = 0;
    check_unusable();
    image.bytes[510] = 0x55;
    large_read_start(NULL);
    struct fat_file file;
    assert_false(large_read_open("/pieces.bin", SIZE, &file));
    assert_int_equal(fake.reads, 0);
}

static void after_a_failure_nothing_more_is_read(void **state)
{
    (void)state;
    struct fat_file file;
    uint8_t *bytes = malloc(SIZE);
    for (unsigned changed = 0; changed < 2; changed++) {
        set_up(NULL);
        assert_true(large_read_open("/pieces.bin", SIZE, &file));
        if (changed)
            media.MediaId++;
        else
            fake.fail_from = image.data_offset + 5 * PIECE * CLUSTER;
        assert_false(large_read(&file, 0, SIZE, bytes));
        const unsigned before = fake.reads;
        assert_false(large_read(&file, 0, 1, bytes));
        assert_false(large_read_open("/pieces.bin", SIZE, &file));
        assert_int_equal(fake.reads, before);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_piece_is_one_read, set_up),
        cmocka_unit_test_setup(any_part_reads_back, set_up),
        cmocka_unit_test_setup(other_files_are_not_found, set_up),
        cmocka_unit_test_setup(odd_firmware_is_left_alone, set_up),
        cmocka_unit_test_setup(after_a_failure_nothing_more_is_read, set_up),
    };
    return cmocka_run_group_tests(tests, make_volume, free_volume);
}
