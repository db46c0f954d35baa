/* The whole flow of common/boot.c on the fake machine, with files that imgtool compressed. */
#include "cmocka_all.h"

#include "boot.h"
#include "common/boot_check.h"
#include "fake_firmware.h"
#include "pack.h"
#include "zstd_decoder.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DECODER_ROOM (512u * 1024)

static struct sample_kernel kernel;
static struct boot_info info;
static uint8_t ramdisk[300000], decoder[DECODER_ROOM];
static uint64_t decoder_size;

static enum status boot_as_a_door_does(struct error *error)
{
    boot(error);
    boot_fail(error);
}

static struct host_file temporary(const void *bytes, size_t size)
{
    struct host_file file;
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(host_file_adopt(&file, "test", fd), EXIT_OK);
    return file;
}

static void add_packed(const char *path, const void *bytes, size_t size, const char *method)
{
    static uint8_t room[2][sizeof ramdisk + 4096];
    static unsigned used;
    struct pack_options options;
    struct host_file file = temporary(bytes, size), packed;
    assert_true(pack_parse(method, &options));
    assert_int_equal(pack_file(&file, &options, &packed), EXIT_OK);
    uint8_t *to = room[used++ % 2];
    assert_true(packed.size <= sizeof room[0]);
    assert_int_equal(host_file_read(&packed, 0, packed.size, to), EXIT_OK);
    fake_add_file(path, to, packed.size);
    host_file_close(&packed);
    host_file_close(&file);
}

static int reset(void **state)
{
    (void)state;
    struct host_file file;
    fake_reset();
    sample_kernel_make(&kernel, ET_DYN);
    for (size_t i = 0; i < sizeof ramdisk; i++)
        ramdisk[i] = (uint8_t)(i / 1000);
    fake_add_text_file("/stagecoach.conf", "ramdisk /ramdisk\ncompressed on\n");
    if (host_file_open(&file, DECODER_FILE) != EXIT_OK || file.size > sizeof decoder)
        return -1;
    decoder_size = file.size;
    int result = host_file_read(&file, 0, file.size, decoder) == EXIT_OK ? 0 : -1;
    host_file_close(&file);
    return result;
}

static void must_boot(void)
{
    enum fake_end end = fake_run(boot_as_a_door_does);
    if (end != FAKE_JUMPED)
        fail_msg("ended by %d: %s%s", (int)end, fake->violation, fake->serial.text);
    boot_check(&kernel, &info);
    boot_check_bytes(info.ramdisk, ramdisk, sizeof ramdisk);
    assert_int_equal(info.ramdisk_size, sizeof ramdisk);
}

static void must_stop(const char *code)
{
    assert_int_equal(fake_run(boot_as_a_door_does), FAKE_STOPPED);
    const char *line = strstr(fake->serial.text, "BOOT-ERR ");
    assert_non_null(line);
    if (strncmp(line + strlen("BOOT-ERR "), code, strlen(code)) != 0)
        fail_msg("not BOOT-ERR %s: %s", code, line);
}

static void lz4_boots(void **state)
{
    (void)state;
    add_packed("/kernel.elf", &kernel, SAMPLE_FILE_SIZE, "lz4");
    add_packed("/ramdisk", ramdisk, sizeof ramdisk, "lz4");
    must_boot();
}

static void zstd_boots(void **state)
{
    (void)state;
    add_packed("/kernel.elf", &kernel, SAMPLE_FILE_SIZE, "zstd");
    add_packed("/ramdisk", ramdisk, sizeof ramdisk, "zstd");
    fake_add_file(ZSTD_DECODER_PATH, decoder, decoder_size);
    must_boot();
}

static void plain_files_may_be_among_them(void **state)
{
    (void)state;
    fake_add_file("/kernel.elf", &kernel, SAMPLE_FILE_SIZE);
    add_packed("/ramdisk", ramdisk, sizeof ramdisk, "lz4");
    must_boot();
}

static void the_decoder_may_be_missing(void **state)
{
    (void)state;
    add_packed("/kernel.elf", &kernel, SAMPLE_FILE_SIZE, "zstd");
    must_stop("704 ");
    assert_non_null(strstr(fake->serial.text, "is not on the volume"));
}

static void the_decoder_may_be_something_else(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        size_t offset;
        uint8_t byte;
        uint64_t size;
    } cases[] = {
        {"704 ", 0, 0x7f, 0},          /* empty */
        {"402 ", 0, 0x7e, UINT64_MAX}, /* no ELF file */
        {"401 ", 0, 0x7f, 5000},       /* cut off */
        {"704 ", 16, ET_EXEC, UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(reset(state), 0);
        decoder[cases[i].offset] = cases[i].byte;
        add_packed("/kernel.elf", &kernel, SAMPLE_FILE_SIZE, "zstd");
        fake_add_file(ZSTD_DECODER_PATH, decoder, cases[i].size < decoder_size ? cases[i].size : decoder_size);
        must_stop(cases[i].code);
    }
}

static void damage_stops_the_boot(void **state)
{
    (void)state;
    static const char *const methods[] = {"lz4", "zstd"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        assert_int_equal(reset(state), 0);
        fake_add_file("/kernel.elf", &kernel, SAMPLE_FILE_SIZE);
        fake_add_file(ZSTD_DECODER_PATH, decoder, decoder_size);
        add_packed("/ramdisk", ramdisk, sizeof ramdisk, methods[i]);
        struct fake_file *file = &fake->files[fake->file_count - 1];
        ((uint8_t *)(uintptr_t)file->data)[file->size / 2] ^= 0x10;
        must_stop("703 ");
        assert_non_null(strstr(fake->serial.text, "/ramdisk"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lz4_boots, reset),
        cmocka_unit_test_setup(zstd_boots, reset),
        cmocka_unit_test_setup(plain_files_may_be_among_them, reset),
        cmocka_unit_test_setup(the_decoder_may_be_missing, reset),
        cmocka_unit_test_setup(the_decoder_may_be_something_else, reset),
        cmocka_unit_test_setup(damage_stops_the_boot, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
