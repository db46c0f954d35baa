/* Boots on the fake machine that must fail: every operation in turn, every kind of bad input. Always one BOOT-ERR line
 * with the right code on every output, then stop or reboot; never a jump. */
#include "cmocka_all.h"

#include "boot.h"
#include "boot_check.h"
#include "checked.h"
#include "fake_firmware.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sample_kernel kernel;
static uint8_t ramdisk[5000];

static enum status boot_as_a_door_does(struct error *error)
{
    boot(error);
    boot_fail(error);
}

/* A boot that uses every operation. */
static int reset(void **state)
{
    (void)state;
    fake_reset();
    sample_kernel_make(&kernel, ET_DYN);
    sample_kernel_config(&kernel)->physical_memory = BOOT_ANYWHERE;
    fake_add_file("/kernel.elf", &kernel, SAMPLE_FILE_SIZE);
    fake_add_file("/ramdisk", ramdisk, sizeof ramdisk);
    fake->efi_map_room = 4096;
    return 0;
}

static void use_config(const char *text)
{
    fake_add_text_file("/stagecoach.conf", text);
}

/* The last line of an output is the BOOT-ERR line, the only one; returns its code. */
static int code_in(const struct fake_output *output)
{
    static const char mark[] = "BOOT-ERR ";
    const char *line = strstr(output->text, mark);
    assert_non_null(line);
    assert_true(line == output->text || line[-1] == '\n');
    assert_null(strstr(line + 1, mark));
    assert_ptr_equal(strchr(line, '\n'), output->text + output->size - 1);

    char *rest;
    long code = strtol(line + sizeof mark - 1, &rest, 10);
    assert_memory_equal(rest, " fake ", 6);
    assert_in_range(strlen(rest), 6 + 10, 6 + 256); /* a sentence */
    return (int)code;
}

static bool drawn(void)
{
    const uint8_t *pixels = fake_memory(FAKE_FRAMEBUFFER_PHYS, 16 * 5000);
    for (size_t i = 0; i < 16 * 5000; i++) {
        if (pixels[i] != 0)
            return true;
    }
    return false;
}

static int run_and_fail(enum fake_end expected)
{
    enum fake_end end = fake_run(boot_as_a_door_does);
    if (end != expected)
        fail_msg("ended by %d: %s%s", (int)end, fake->violation, fake->serial.text);
    int code = code_in(&fake->serial);
    assert_int_equal(code_in(&fake->debugcon), code);
    if (fake->screen.size != 0)
        assert_int_equal(code_in(&fake->screen), code);
    else
        assert_true(drawn());
    return code;
}

static void must_fail(enum status status)
{
    assert_int_equal(run_and_fail(FAKE_STOPPED), status);
}

static void must_say(const char *text)
{
    const char *line = strstr(fake->serial.text, "BOOT-ERR ");
    if (strstr(line, text) == NULL)
        fail_msg("'%s' is not in: %s", text, line);
}

/* --- operations -------------------------------------------------------------------------------------------------- */

static enum status status_of(enum fake_operation operation)
{
    switch (operation) {
    case FAKE_START:
        return STATUS_NO_BOOT_VOLUME;
    case FAKE_OPEN:
    case FAKE_READ:
        return STATUS_READ_ERROR;
    case FAKE_MEMORY_MAP:
        return STATUS_NO_MEMORY_MAP;
    case FAKE_CLAIM:
    case FAKE_VIDEO_SET:
        return STATUS_FIRMWARE_CALL;
    case FAKE_LEAVE:
        break;
    }
    return STATUS_LEAVE_REFUSED;
}

/* Fails the number-th operation; `more`: and that many after it. */
static void fail_one(uint64_t number, enum fake_operation operation, uint64_t more)
{
    void *none = NULL;
    struct boot_info info;
    reset(&none);
    use_config("ramdisk /ramdisk\nmodule /ramdisk name arguments\n");
    fake->fail_at = number;
    fake->fail_more = more;
    if (operation != FAKE_VIDEO_SET || more != 0) {
        /* With all the following failing, too: a display that can't be set is no reason to stop, what comes next is. */
        enum fake_operation reason = operation == FAKE_VIDEO_SET ? FAKE_CLAIM : operation;
        must_fail(status_of(reason));
        must_say("told to fail");
        return;
    }
    assert_int_equal(fake_run(boot_as_a_door_does), FAKE_JUMPED);
    boot_check(&kernel, &info);
    assert_int_equal(info.framebuffer.size, 0);
}

static void each_operation_fails_in_turn(void **state)
{
    (void)state;
    enum fake_operation operations[FAKE_OPERATIONS_MAX];
    unsigned seen[FAKE_LEAVE + 1] = {0};
    use_config("ramdisk /ramdisk\nmodule /ramdisk name arguments\n");
    assert_int_equal(fake_run(boot_as_a_door_does), FAKE_JUMPED);
    uint64_t count = fake->operation_count;
    assert_in_range(count, 15, FAKE_OPERATIONS_MAX);
    memcpy(operations, fake->operations, sizeof operations);
    for (uint64_t i = 0; i < count; i++) {
        seen[operations[i]]++;
        fail_one(i + 1, operations[i], 0);
        fail_one(i + 1, operations[i], UINT64_MAX);
    }
    for (size_t i = 0; i <= FAKE_LEAVE; i++)
        assert_int_not_equal(seen[i], 0);
}

static void firmware_keeps_taking_memory(void **state)
{
    (void)state;
    fake->fail_claim_status = STATUS_BUSY;
    fake->fail_claims = true;
    must_fail(STATUS_OUT_OF_MEMORY);
    assert_in_range(fake->operation_count, 10, 1000);
}

/* --- files ------------------------------------------------------------------------------------------------------- */

struct bad_config {
    const char *text;
    enum status status;
    const char *says;
};

static const struct bad_config bad_configs[] = {
    {"kernel\n", STATUS_CONFIG_SYNTAX, "/stagecoach.conf:1"},
    {"\nkernel kernel.elf\n", STATUS_CONFIG_VALUE, "/stagecoach.conf:2"},
    {"log-level loud\n", STATUS_CONFIG_VALUE, "loud"},
    {"video 1x\n", STATUS_CONFIG_VALUE, "1x"},
    {"kernel /a\nkernel /b\n", STATUS_CONFIG_DUPLICATE, "kernel"},
    {"cmdline \xff\n", STATUS_CONFIG_ENCODING, "/stagecoach.conf"},
    {"kernel /nowhere/kernel\n", STATUS_FILE_NOT_FOUND, "/nowhere/kernel"},
    {"ramdisk /nowhere\n", STATUS_MODULE_MISSING, "/nowhere"},
    {"module /nowhere name\n", STATUS_MODULE_MISSING, "/nowhere"},
    {"ramdisk /empty\n", STATUS_FILE_EMPTY, "/empty"},
    {"module /empty name\n", STATUS_FILE_EMPTY, "/empty"},
    {"kernel /empty\n", STATUS_FILE_EMPTY, "/empty"},
    {"kernel /stagecoach.conf\n", STATUS_ELF_MAGIC, "/stagecoach.conf"},
    {"kernel /ramdisk\n", STATUS_ELF_MAGIC, "/ramdisk"},
};

static void bad_configurations_and_files(void **state)
{
    for (size_t i = 0; i < sizeof bad_configs / sizeof bad_configs[0]; i++) {
        reset(state);
        fake_add_text_file("/empty", "");
        use_config(bad_configs[i].text);
        int code = run_and_fail(FAKE_STOPPED);
        if (code != (int)bad_configs[i].status)
            fail_msg("%s: %s", bad_configs[i].text, fake->serial.text);
        must_say(bad_configs[i].says);
    }
}

static void no_kernel(void **state)
{
    (void)state;
    fake->file_count = 0;
    must_fail(STATUS_FILE_NOT_FOUND);
    must_say("/kernel.elf");
}

static void huge_configuration(void **state)
{
    (void)state;
    static uint8_t text[65537];
    memset(text, '\n', sizeof text);
    fake_add_file("/stagecoach.conf", text, sizeof text);
    must_fail(STATUS_CONFIG_TOO_BIG);
}

static void empty_configuration_is_one(void **state)
{
    (void)state;
    struct boot_info info;
    use_config("");
    assert_int_equal(fake_run(boot_as_a_door_does), FAKE_JUMPED);
    boot_check(&kernel, &info);
}

/* --- kernels ----------------------------------------------------------------------------------------------------- */

/* Around every edge inside the file, and some between; every size there is, is planned by unit/elf_samples. */
static void truncated_kernels(void **state)
{
    static const uint64_t edges[] = {0,
                                     sizeof(Elf64_Ehdr),
                                     sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
                                     SAMPLE_NOTE,
                                     SAMPLE_TEXT,
                                     SAMPLE_TEXT + SAMPLE_TEXT_SIZE,
                                     SAMPLE_DATA,
                                     SAMPLE_DATA + SAMPLE_DATA_SIZE - 2};
    for (uint64_t i = 0; i < 3 * ARRAY_LENGTH(edges) + 40; i++) {
        uint64_t size = i < 40 ? i * 0x10b : edges[(i - 40) / 3] + (i - 40) % 3 - ((i - 40) / 3 != 0);
        reset(state);
        fake->files[0].size = size;
        int code = run_and_fail(FAKE_STOPPED);
        assert_true((code >= 400 && code < 500) || code == STATUS_FILE_EMPTY);
        must_say("/kernel.elf");
    }
}

struct wish_case {
    void (*change)(struct boot_config *config);
    enum status status;
};

static void collide(struct boot_config *config)
{
    config->kernel_base = config->kernel_stack = 0xffffc00000000000;
}

static void leave_no_room(struct boot_config *config)
{
    config->dynamic_range_start = 0xffff800000000000;
    config->dynamic_range_end = 0xffff800000010000;
}

static void be_of_the_future(struct boot_config *config)
{
    config->version = 77;
}

static void know_an_unknown_flag(struct boot_config *config)
{
    config->flags = 1ull << 63;
}

static void want_much_stack(struct boot_config *config)
{
    config->kernel_stack_size = 1 << 30; /* allowed, but the machine has 128 MiB */
}

static void refused_wishes(void **state)
{
    static const struct wish_case cases[] = {
        {collide, STATUS_ADDRESS_COLLISION},     {leave_no_room, STATUS_ADDRESS_EXHAUSTED},
        {be_of_the_future, STATUS_WISH_VERSION}, {know_an_unknown_flag, STATUS_WISH_VALUE},
        {want_much_stack, STATUS_OUT_OF_MEMORY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reset(state);
        cases[i].change(sample_kernel_config(&kernel));
        must_fail(cases[i].status);
    }
}

static void write_and_execute(void **state)
{
    (void)state;
    sample_kernel_segment(&kernel, 1)->p_flags |= PF_W;
    must_fail(STATUS_ELF_WX);
    sample_kernel_config(&kernel)->flags = BOOT_CONFIG_ALLOW_WX;
    struct boot_info info;
    assert_int_equal(fake_run(boot_as_a_door_does), FAKE_JUMPED);
    boot_check(&kernel, &info);
}

/* --- machines and endings ---------------------------------------------------------------------------------------- */

static void no_memory_at_all(void **state)
{
    (void)state;
    fake->region_count = 0;
    fake_add_memory(0, 0xa0000, BOOT_MEMORY_USABLE);
    must_fail(STATUS_OUT_OF_MEMORY);
}

static void without_serial_port(void **state)
{
    (void)state;
    fake->no_serial = true;
    fake->mode_count = 0;
    fake->file_count = 0;
    assert_int_equal(fake_run(boot_as_a_door_does), FAKE_STOPPED);
    assert_string_equal(fake->serial.text, "");
    assert_int_equal(code_in(&fake->debugcon), STATUS_FILE_NOT_FOUND);
    assert_int_equal(code_in(&fake->screen), STATUS_FILE_NOT_FOUND);
}

static void settings_do_not_silence_errors(void **state)
{
    (void)state;
    use_config("log-level off\nlog-serial off\nlog-screen off\nkernel /nowhere\n");
    must_fail(STATUS_FILE_NOT_FOUND);
    assert_string_equal(fake->serial.text, fake->screen.text);
    assert_memory_equal(fake->serial.text, "BOOT-ERR ", 9);
}

static void reboots_when_asked(void **state)
{
    (void)state;
    use_config("reboot-on-error 7\nkernel /nowhere\n");
    assert_int_equal(run_and_fail(FAKE_REBOOTED), STATUS_FILE_NOT_FOUND);
    assert_int_equal(fake->reboot_seconds, 7);

    /* As far as the configuration was read. */
    reset(state);
    use_config("reboot-on-error 3\nvideo sometimes\n");
    assert_int_equal(run_and_fail(FAKE_REBOOTED), STATUS_CONFIG_VALUE);
    assert_int_equal(fake->reboot_seconds, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_operation_fails_in_turn, reset),
        cmocka_unit_test_setup(firmware_keeps_taking_memory, reset),
        cmocka_unit_test_setup(bad_configurations_and_files, reset),
        cmocka_unit_test_setup(no_kernel, reset),
        cmocka_unit_test_setup(huge_configuration, reset),
        cmocka_unit_test_setup(empty_configuration_is_one, reset),
        cmocka_unit_test_setup(truncated_kernels, reset),
        cmocka_unit_test_setup(refused_wishes, reset),
        cmocka_unit_test_setup(write_and_execute, reset),
        cmocka_unit_test_setup(no_memory_at_all, reset),
        cmocka_unit_test_setup(without_serial_port, reset),
        cmocka_unit_test_setup(settings_do_not_silence_errors, reset),
        cmocka_unit_test_setup(reboots_when_asked, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
