/* block_devices and write_check, on trees that look like sysfs and /proc. */
#include "cmocka_all.h"

#include <write.h>

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static char top[] = "/tmp/stagecoach-sysfs-XX"
                    "XX"
                    "XX";
static char sys[64], proc[64];
static struct block_devices_root root = {sys, proc};

/* Makes TOP/PATH, and the directories on the way. */
static void put(const char *path, const char *text)
{
    char full[256];
    snprintf(full, sizeof full, "%s/%s", top, path);
    for (char *slash = full + strlen(top) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_disk(const char *name, const char *number, const char *sectors, const char *removable)
{
    char path[128];
    const char *const files[][2] = {{"dev", number}, {"size", sectors}, {"removable", removable}, {"ro", "0\n"}};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        snprintf(path, sizeof path, "sys/block/%s/%s", name, files[i][0]);
        put(path, files[i][1]);
    }
}

static int make_tree(void **state)
{
    (void)state;
    char link[128], target[160];
    if (mkdtemp(top) == NULL)
        return -1;
    snprintf(sys, sizeof sys, "%s/sys", top);
    snprintf(proc, sizeof proc, "%s/proc", top);
    make_disk("sda", "8:0\n", "1000000\n", "0\n");
    make_disk("sdb", "8:16\n", "204800\n", "1\n");
    make_disk("sdc", "8:32\n", "204800\n", "1\n");
    make_disk("sdd", "8:48\n", "204800\n", "1\n");
    make_disk("sde", "8:64\n", "204800\n", "1\n");
    make_disk("sdf", "8:80\n", "0\n", "1\n"); /* a card reader without a card */
    put("sys/block/sda/sda2/partition", "2\n");
    put("sys/block/sda/sda2/dev", "8:2\n");
    put("sys/block/sdc/sdc1/partition", "1\n");
    put("sys/block/sdc/sdc1/dev", "8:33\n");
    put("sys/block/sdc/sdc1/holders/dm-0", "");
    put("sys/block/sde/ro", "1\n");
    put("sys/devices/usb1/1-2/idVendor", "0951\n");
    put("sys/devices/usb1/1-2/serial", "  E0D55E\x01 \n");
    put("sys/devices/usb1/1-2/host/model", "DataTraveler 3.0\n");
    put("sys/devices/usb1/1-2/host/vendor", "Kingston\n");
    snprintf(link, sizeof link, "%s/block/sdb/device", sys);
    snprintf(target, sizeof target, "%s/devices/usb1/1-2/host", sys);
    if (symlink(target, link) != 0)
        return -1;
    put("proc/self/mountinfo", "22 1 0:30 / / rw - btrfs /dev/sda2 rw\n23 22 8:49 / /x rw - vfat /dev/other rw\n");
    put("proc/swaps", "Filename Type Size Used Priority\n");
    return 0;
}

static int remove_tree(void **state)
{
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", top);
    return system(command);
}

static const struct block_device *find(const struct block_devices *devices, const char *name)
{
    for (size_t i = 0; i < devices->count; i++)
        if (strcmp(devices->list[i].name, name) == 0)
            return &devices->list[i];
    return NULL;
}

static void disks_are_read(void **state)
{
    (void)state;
    struct block_devices devices;
    assert_int_equal(block_devices_read(&root, &devices), EXIT_OK);
    assert_int_equal(devices.count, 5);
    const struct block_device *stick = find(&devices, "sdb");
    assert_string_equal(stick->model, "Kingston DataTraveler 3.0");
    assert_string_equal(stick->serial, "E0D55E?");
    assert_int_equal(stick->size, 104857600);
    assert_true(stick->removable && stick->usb && !stick->read_only);
    assert_string_equal(stick->use, "");
    assert_string_equal(find(&devices, "sda")->use, "sda2 is mounted on /");
    assert_string_equal(find(&devices, "sdc")->use, "sdc1 is part of dm-0");
    assert_true(find(&devices, "sde")->read_only);
    assert_ptr_equal(block_devices_find(&devices, 8, 16), stick);
    assert_null(block_devices_find(&devices, 8, 33));
    assert_true(block_device_has(&root, find(&devices, "sdc"), 8, 33));
    assert_false(block_device_has(&root, stick, 8, 33));
    block_devices_free(&devices);
}

static void partitions_and_swap_are_uses(void **state)
{
    (void)state;
    struct block_devices devices;
    put("sys/block/sdd/sdd1/partition", "1\n");
    put("sys/block/sdd/sdd1/dev", "8:49\n");
    put("proc/swaps", "Filename Type Size Used Priority\n/dev/sdb partition 100 0 -2\n");
    assert_int_equal(block_devices_read(&root, &devices), EXIT_OK);
    assert_string_equal(find(&devices, "sdd")->use, "sdd1 is mounted on /x");
    assert_string_equal(find(&devices, "sdb")->use, "sdb is swap space");
    put("proc/swaps", "Filename Type Size Used Priority\n");
    block_devices_free(&devices);
}

static void targets_are_checked(void **state)
{
    (void)state;
    struct block_devices devices;
    struct write_wishes wishes = {.image = "image", .path = "/dev/x"};
    struct disk_image image = {.path = "image", .block = {.size = 1 << 20}};
    char path[96];
    snprintf(path, sizeof path, "%s/image", top);
    image.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(image.fd >= 0);
    assert_int_equal(block_devices_read(&root, &devices), EXIT_OK);
    const struct block_device *stick = find(&devices, "sdb");
    assert_int_equal(write_check_target(&root, stick, &image, &wishes), EXIT_OK);
    assert_int_equal(write_check_target(&root, NULL, &image, &wishes), EXIT_UNSAFE);
    static const char *const refused[] = {"sda", "sdc", "sdd", "sde"};
    wishes.not_removable = true;
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++)
        assert_int_equal(write_check_target(&root, find(&devices, refused[i]), &image, &wishes), EXIT_UNSAFE);
    wishes.expect_serial = "E0D55E";
    assert_int_equal(write_check_target(&root, stick, &image, &wishes), EXIT_UNSAFE);
    wishes.expect_serial = "E0D55E?";
    wishes.expect_size = 104857600;
    assert_int_equal(write_check_target(&root, stick, &image, &wishes), EXIT_OK);
    image.block.size = stick->size + 512;
    assert_int_equal(write_check_target(&root, stick, &image, &wishes), EXIT_UNSAFE);
    block_devices_free(&devices);
    close(image.fd);
}

/* The disk that the image's file lies on has that file's device number. */
static void own_disk_is_refused(void **state)
{
    (void)state;
    struct block_devices devices;
    struct stat stat_of;
    struct write_wishes wishes = {.image = "image", .path = "/dev/x"};
    struct disk_image image = {.path = "image", .block = {.size = 512}};
    char number[32];
    image.fd = open(top, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fstat(image.fd, &stat_of), 0);
    snprintf(number, sizeof number, "%u:%u\n", major(stat_of.st_dev), minor(stat_of.st_dev));
    put("sys/block/sdb/sdb1/partition", "1\n");
    put("sys/block/sdb/sdb1/dev", number);
    assert_int_equal(block_devices_read(&root, &devices), EXIT_OK);
    assert_int_equal(write_check_target(&root, find(&devices, "sdb"), &image, &wishes), EXIT_UNSAFE);
    block_devices_free(&devices);
    close(image.fd);
}

static void only_a_named_disk_goes_without_a_question(void **state)
{
    (void)state;
    struct block_device device = {.name = "sdb", .size = 512};
    struct write_wishes wishes = {.path = "/dev/sdb"};
    assert_int_equal(write_confirm(&device, &wishes, false), EXIT_UNSAFE);
    wishes.yes = true;
    assert_int_equal(write_confirm(&device, &wishes, false), EXIT_UNSAFE);
    assert_int_equal(write_confirm(&device, &wishes, true), EXIT_UNSAFE);
    wishes.expect_size = 512;
    assert_int_equal(write_confirm(&device, &wishes, false), EXIT_OK);
    wishes.yes = false;
    assert_int_equal(write_confirm(&device, &wishes, false), EXIT_UNSAFE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disks_are_read),
        cmocka_unit_test(partitions_and_swap_are_uses),
        cmocka_unit_test(targets_are_checked),
        cmocka_unit_test(own_disk_is_refused),
        cmocka_unit_test(only_a_named_disk_goes_without_a_question),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
