/* Device paths, well and badly made, and the disk behind them. */
#include "../cmocka_all.h"

#include "boot_device.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 512u
#define PATH_ROOM 8192u /* more than is ever looked at */
#define END 0x7f, 0xff, 4, 0
#define PCI_NODE 1, 1, 6, 0, 0, 3
#define SIGNATURE 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf
#define HARD_DRIVE(table, kind)                                                                                        \
    4, 1, 42, 0, 3, 0, 0, 0, 0x00, 0x08, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, SIGNATURE, table, kind
#define CD_NODE 4, 2, 24, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0

static struct fake {
    uint8_t *path; /* on the heap, at its full room: reading beyond is seen */
    size_t path_size;
    EFI_STATUS read_status;
    bool damaged_signature;
    size_t rest; /* what LocateDevicePath leaves of the path it was given */
    int allocations;
} fake;

static EFI_HANDLE const volume_handle = (EFI_HANDLE)1, disk_handle = (EFI_HANDLE)2;

static EFI_STATUS EFIAPI read_blocks(EFI_BLOCK_IO_PROTOCOL *this, UINT32 media, EFI_LBA lba, UINTN size, VOID *to)
{
    assert_int_equal(media, this->Media->MediaId);
    assert_int_equal(lba, 1);
    assert_int_equal((uintptr_t)to % this->Media->IoAlign, 0);
    memset(to, 0, size);
    memcpy(to, fake.damaged_signature ? "EFI PARK" : "EFI PART", 8);
    memset((uint8_t *)to + 56, 0xd5, 16);
    return fake.read_status;
}

static EFI_BLOCK_IO_MEDIA media = {.MediaId = 7, .BlockSize = BLOCK_SIZE, .IoAlign = 4096};
static EFI_BLOCK_IO_PROTOCOL disk_io = {.Media = &media, .ReadBlocks = read_blocks};

static EFI_STATUS EFIAPI handle_protocol(EFI_HANDLE handle, EFI_GUID *guid, VOID **interface)
{
    static const EFI_GUID block_io = EFI_BLOCK_IO_PROTOCOL_GUID;
    if (handle == disk_handle && memcmp(guid, &block_io, sizeof block_io) == 0)
        *interface = &disk_io;
    else if (handle == volume_handle && fake.path != NULL)
        *interface = fake.path;
    else
        return EFI_UNSUPPORTED;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI locate_device_path(EFI_GUID *guid, EFI_DEVICE_PATH **path, EFI_HANDLE *handle)
{
    static const uint8_t parent[] = {PCI_NODE, END};
    (void)guid;
    assert_memory_equal(*path, parent, sizeof parent);
    *path = (EFI_DEVICE_PATH *)(void *)((uint8_t *)*path + sizeof parent - 4 - fake.rest);
    *handle = disk_handle;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI allocate_pool(EFI_MEMORY_TYPE type, UINTN size, VOID **memory)
{
    (void)type;
    fake.allocations++;
    *memory = malloc(size);
    return *memory != NULL ? EFI_SUCCESS : EFI_OUT_OF_RESOURCES;
}

static EFI_STATUS EFIAPI free_pool(VOID *memory)
{
    fake.allocations--;
    free(memory);
    return EFI_SUCCESS;
}

static EFI_BOOT_SERVICES boot = {
    .HandleProtocol = handle_protocol,
    .LocateDevicePath = locate_device_path,
    .AllocatePool = allocate_pool,
    .FreePool = free_pool,
};

static uint32_t describe(const uint8_t *path, size_t size, struct boot_disk *disk)
{
    services.boot = &boot;
    fake.path = calloc(1, PATH_ROOM);
    memcpy(fake.path, path, size);
    memset(disk, 0xee, sizeof *disk);
    const uint32_t source = boot_device_describe(volume_handle, disk);
    free(fake.path);
    fake.path = NULL;
    assert_int_equal(fake.allocations, 0);
    return source;
}

static const uint8_t gpt_path[] = {PCI_NODE, HARD_DRIVE(2, 2), END};
static const uint8_t signature[] = {SIGNATURE};

static int set_up(void **state)
{
    (void)state;
    fake = (struct fake){.read_status = EFI_SUCCESS};
    media.BlockSize = BLOCK_SIZE;
    return 0;
}

static void test_gpt(void **state)
{
    (void)state;
    struct boot_disk disk;
    uint8_t guid[16];
    memset(guid, 0xd5, sizeof guid);
    assert_int_equal(describe(gpt_path, sizeof gpt_path, &disk), BOOT_SOURCE_DISK);
    assert_int_equal(disk.table, BOOT_DISK_GPT);
    assert_int_equal(disk.partition_number, 3);
    assert_int_equal(disk.partition_lba, 2048);
    assert_memory_equal(disk.partition_guid, signature, 16);
    assert_memory_equal(disk.disk_guid, guid, 16);
    assert_int_equal(disk.mbr_signature, 0);
    assert_int_equal(disk.bios_drive, 0);
}

/* Whatever is wrong with the disk, the partition is known. */
static void check_without_disk_guid(void)
{
    static const uint8_t zero[16];
    struct boot_disk disk;
    describe(gpt_path, sizeof gpt_path, &disk);
    assert_int_equal(disk.table, BOOT_DISK_GPT);
    assert_memory_equal(disk.partition_guid, signature, 16);
    assert_memory_equal(disk.disk_guid, zero, 16);
}

static void test_gpt_unreadable(void **state)
{
    (void)state;
    fake.read_status = EFI_DEVICE_ERROR;
    check_without_disk_guid();
}

static void test_gpt_damaged(void **state)
{
    (void)state;
    fake.damaged_signature = true;
    check_without_disk_guid();
}

static void test_gpt_odd_blocks(void **state)
{
    (void)state;
    media.BlockSize = 16; /* less than a header */
    check_without_disk_guid();
}

static void test_gpt_parent_is_no_disk(void **state)
{
    (void)state;
    fake.rest = 6; /* the nearest handle with blocks is further up */
    check_without_disk_guid();
}

static void test_mbr(void **state)
{
    (void)state;
    static const uint8_t path[] = {PCI_NODE, HARD_DRIVE(1, 1), END};
    struct boot_disk disk;
    assert_int_equal(describe(path, sizeof path, &disk), BOOT_SOURCE_DISK);
    assert_int_equal(disk.table, BOOT_DISK_MBR);
    assert_int_equal(disk.mbr_signature, 0xa3a2a1a0u);
    assert_int_equal(disk.partition_number, 3);
    assert_int_equal(disk.partition_guid[0], 0);
}

static void test_cd(void **state)
{
    (void)state;
    static const uint8_t path[] = {PCI_NODE, CD_NODE, END};
    struct boot_disk disk;
    assert_int_equal(describe(path, sizeof path, &disk), BOOT_SOURCE_CD);
    assert_int_equal(disk.table, BOOT_DISK_UNKNOWN);
}

static void test_unknown(void **state)
{
    (void)state;
    static const struct {
        uint8_t path[24];
        size_t size;
    } paths[] = {
        {{END}, 4},                          /* nothing */
        {{PCI_NODE, END}, 10},               /* a disk without partitions */
        {{4, 1, 8, 0, 1, 2, 3, 4, END}, 12}, /* a partition's node that ends early */
        {{4, 1, 3, 0, END}, 8},              /* a node shorter than its header */
        {{4, 1, 0, 0, END}, 8},              /* one that would never end */
        {{PCI_NODE, 4, 1, 0xff, 0xff}, 10},  /* one longer than any path */
    };
    struct boot_disk disk;
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        assert_int_equal(describe(paths[i].path, paths[i].size, &disk), BOOT_SOURCE_DISK);
        assert_int_equal(disk.table, BOOT_DISK_UNKNOWN);
        assert_int_equal(disk.partition_number, 0);
    }
    assert_int_equal(boot_device_describe(NULL, &disk), BOOT_SOURCE_DISK);
    assert_int_equal(disk.table, BOOT_DISK_UNKNOWN);
}

/* A path that goes on for ever is left where it gets absurd. */
static void test_endless(void **state)
{
    (void)state;
    uint8_t path[PATH_ROOM];
    struct boot_disk disk;
    for (size_t i = 0; i < sizeof path; i += 4)
        memcpy(path + i, "\x01\x01\x04", 4);
    describe(path, sizeof path, &disk);
    assert_int_equal(disk.table, BOOT_DISK_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_gpt, set_up),
        cmocka_unit_test_setup(test_gpt_unreadable, set_up),
        cmocka_unit_test_setup(test_gpt_damaged, set_up),
        cmocka_unit_test_setup(test_gpt_odd_blocks, set_up),
        cmocka_unit_test_setup(test_gpt_parent_is_no_disk, set_up),
        cmocka_unit_test_setup(test_mbr, set_up),
        cmocka_unit_test_setup(test_cd, set_up),
        cmocka_unit_test_setup(test_unknown, set_up),
        cmocka_unit_test_setup(test_endless, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
