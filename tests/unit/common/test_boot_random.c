/* Random addresses, random frames and the kernel's seed through the whole flow of common/boot.c on the fake machine. */
#include "cmocka_all.h"

#include "boot.h"
#include "boot_check.h"
#include "checked.h"
#include "fake_firmware.h"

#include <string.h>

static struct sample_kernel kernel;
static struct boot_info info;
static uint8_t ramdisk[6u << 20];

static enum status boot_as_a_door_does(struct error *error)
{
    boot(error);
    boot_fail(error);
}

static int reset(void **state)
{
    (void)state;
    fake_reset();
    sample_kernel_make(&kernel, ET_DYN);
    fake_add_file("/kernel.elf", &kernel, SAMPLE_FILE_SIZE);
    sample_kernel_config(&kernel)->flags = BOOT_CONFIG_ASLR;
    return 0;
}

static void must_boot(uint64_t chance)
{
    fake->random_next = chance;
    enum fake_end end = fake_run(boot_as_a_door_does);
    if (end != FAKE_JUMPED)
        fail_msg("ended by %d: %s%s", (int)end, fake->violation, fake->serial.text);
    boot_check(&kernel, &info);
}

static bool said(const char *text)
{
    return strstr(fake->serial.text, text) != NULL;
}

static bool same_layout(const struct boot_info *a, const struct boot_info *b)
{
    return a->kernel_address == b->kernel_address && a->kernel_phys == b->kernel_phys &&
           a->stack_address == b->stack_address && a->framebuffer.address == b->framebuffer.address;
}

/* Everything of two boots differs: what is the same by chance comes once in many thousand such tests, and never for
 * these numbers. */
static void each_boot_is_another(void **state)
{
    (void)state;
    struct boot_info before = {0};
    for (uint64_t chance = 0; chance < 8; chance++) {
        must_boot(chance);
        assert_int_not_equal(info.kernel_address, before.kernel_address);
        assert_int_not_equal(info.kernel_phys, before.kernel_phys);
        assert_int_not_equal(info.stack_address, before.stack_address);
        assert_ptr_not_equal(info.framebuffer.address, before.framebuffer.address);
        assert_memory_not_equal(info.seed, before.seed, sizeof info.seed);
        assert_true(info.seed_bits >= 128 && info.seed_sources != 0);
        assert_false(said("[warn] only"));
        before = info;
    }
}

static void nothing_is_random_unasked(void **state)
{
    (void)state;
    struct boot_info before;
    sample_kernel_config(&kernel)->flags = 0;
    must_boot(1);
    before = info;
    must_boot(2);
    assert_true(same_layout(&info, &before));
    assert_memory_not_equal(info.seed, before.seed, sizeof info.seed); /* which every kernel gets */
}

static void the_configuration_decides(void **state)
{
    (void)state;
    struct boot_info before;
    fake_add_text_file("/stagecoach.conf", "aslr off\n");
    must_boot(1);
    before = info;
    must_boot(2);
    assert_true(same_layout(&info, &before));

    reset(NULL);
    sample_kernel_config(&kernel)->flags = 0;
    fake_add_text_file("/stagecoach.conf", "aslr on\n");
    must_boot(1);
    before = info;
    must_boot(2);
    assert_false(same_layout(&info, &before));
}

static void kaslr_seed_replays_the_layout_alone(void **state)
{
    (void)state;
    struct boot_info before;
    fake_add_text_file("/stagecoach.conf", "kaslr-seed 123\n");
    must_boot(1);
    before = info;
    must_boot(2);
    assert_true(same_layout(&info, &before));
    assert_memory_not_equal(info.seed, before.seed, sizeof info.seed);
    fake->file_count = 1;
    fake_add_text_file("/stagecoach.conf", "kaslr-seed 124\n");
    must_boot(2);
    assert_false(same_layout(&info, &before));
}

/* Where memory lies must not change where addresses lie, or a replay would need the same firmware to the byte. */
static void other_memory_keeps_the_addresses(void **state)
{
    (void)state;
    fake_add_text_file("/stagecoach.conf", "kaslr-seed 123\n");
    must_boot(1);
    struct boot_info before = info;
    fake_add_memory(0x300000, 0x5000, BOOT_MEMORY_RESERVED);
    must_boot(1);
    assert_int_equal(info.kernel_address, before.kernel_address);
    assert_int_equal(info.stack_address, before.stack_address);
}

static void a_useless_seed_is_warned_of(void **state)
{
    (void)state;
    sample_kernel_config(&kernel)->flags = 0;
    fake_add_text_file("/stagecoach.conf", "kaslr-seed 123\n");
    must_boot(1);
    assert_true(said("[warn] kaslr-seed has no effect"));
}

static void little_entropy_is_warned_of(void **state)
{
    (void)state;
    fake->no_random = true;
    must_boot(1);
    assert_int_equal(info.seed_bits, 0);
    assert_int_equal(info.seed_sources, 0);
    assert_true(said("[warn] only 0 bits of entropy (no source): the kernel's seed and its random addresses could be"));
}

/* A machine that the kernel and its files nearly fill: frames at random must never take the piece that the ramdisk
 * needs. */
static void chance_leaves_room_for_the_rest(void **state)
{
    (void)state;
    unsigned cramped = 0;
    for (uint64_t megabytes = 9; megabytes <= 30; megabytes += 3) {
        reset(NULL);
        fake->region_count = 0;
        fake_add_memory(0, 0x9fc00, BOOT_MEMORY_USABLE);
        fake_add_memory(0x100000, megabytes << 20, BOOT_MEMORY_USABLE);
        fake_add_file("/ramdisk", ramdisk, sizeof ramdisk);
        fake_add_text_file("/stagecoach.conf", "ramdisk /ramdisk\n");
        must_boot(megabytes);
        cramped += said("memory is too short to leave that to chance");
    }
    assert_in_range(cramped, 1, 5); /* the small machines, and not the large ones */
}

static void an_ET_EXEC_kernel_has_random_frames(void **state)
{
    (void)state;
    sample_kernel_make(&kernel, ET_EXEC);
    sample_kernel_config(&kernel)->flags = BOOT_CONFIG_ASLR;
    must_boot(1);
    struct boot_info before = info;
    must_boot(2);
    assert_int_equal(info.kernel_address, before.kernel_address);
    assert_int_not_equal(info.kernel_phys, before.kernel_phys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_boot_is_another, reset),
        cmocka_unit_test_setup(nothing_is_random_unasked, reset),
        cmocka_unit_test_setup(the_configuration_decides, reset),
        cmocka_unit_test_setup(kaslr_seed_replays_the_layout_alone, reset),
        cmocka_unit_test_setup(other_memory_keeps_the_addresses, reset),
        cmocka_unit_test_setup(a_useless_seed_is_warned_of, reset),
        cmocka_unit_test_setup(little_entropy_is_warned_of, reset),
        cmocka_unit_test_setup(chance_leaves_room_for_the_rest, reset),
        cmocka_unit_test_setup(an_ET_EXEC_kernel_has_random_frames, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
