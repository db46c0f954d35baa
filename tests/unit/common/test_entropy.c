/* What the sources of entropy are worth, on machines that lack them or where they lie. */
#include "cmocka_all.h"

#include "cpu.h"
#include "entropy.h"
#include "firmware.h"
#include "timer.h"

#include <stdlib.h>
#include <string.h>

enum behaviour { ABSENT, GOOD, STUCK, ALL_ONES, ALL_ZERO, REPEATS, DRY, SHORT, SLOW };

static struct {
    enum behaviour cpu[2], firmware;
    unsigned asked[2]; /* so often, of RDSEED and RDRAND */
    bool timer_runs;
    unsigned jitter; /* the counter's steps differ by less than this */
    uint64_t tsc, random;
    unsigned timer_reads;
} machine;

static uint64_t next(void)
{
    machine.random = machine.random * 6364136223846793005u + 1442695040888963407u;
    return machine.random;
}

bool cpu_has_random(enum cpu_random source)
{
    return machine.cpu[source] != ABSENT;
}

bool cpu_random(enum cpu_random source, uint64_t *word)
{
    unsigned asked = machine.asked[source]++;
    assert_true(cpu_has_random(source)); /* or it is an invalid instruction */
    *word = 0;                           /* as the CPU does when it has nothing */
    switch (machine.cpu[source]) {
    case STUCK:
        *word = 0x123456789abcdef0;
        return true;
    case ALL_ONES:
        *word = UINT64_MAX;
        return true;
    case ALL_ZERO:
        return true;
    case REPEATS: /* an earlier word comes again, once */
        *word = asked == 5 ? 7 : asked + 6;
        return true;
    case DRY:
        return false;
    case SHORT: /* three words, then no more */
        *word = next();
        return asked < 3;
    case SLOW:
        *word = asked % 10 == 9 ? next() : 0;
        return asked % 10 == 9;
    default:
        *word = next();
        return true;
    }
}

size_t firmware_random(uint8_t *bytes, size_t size)
{
    if (machine.firmware == ABSENT)
        return 0;
    for (size_t i = 0; i < size; i++)
        bytes[i] = machine.firmware == STUCK ? 0xaa : (uint8_t)(next() >> 56);
    return machine.firmware == SHORT ? 10 : size;
}

uint16_t timer_count(void)
{
    machine.timer_reads++;
    return machine.timer_runs ? (uint16_t)(0 - machine.timer_reads) : 0xffff;
}

uint64_t cpu_tsc(void)
{
    machine.tsc += 3000;
    if (machine.jitter > 0)
        machine.tsc += (next() >> 33) % machine.jitter;
    return machine.tsc;
}

const struct firmware_identity *firmware_identity(void)
{
    static const struct firmware_identity identity = {.stage = "test", .entry_tsc = 12345};
    return &identity;
}

static int reset(void **state)
{
    (void)state;
    memset(&machine, 0, sizeof machine);
    return 0;
}

static struct entropy gather(void)
{
    struct entropy entropy;
    memset(&entropy, 0xa5, sizeof entropy);
    machine.asked[0] = machine.asked[1] = machine.timer_reads = 0;
    entropy_gather(&entropy);
    return entropy;
}

static void expect(uint32_t bits, uint32_t sources)
{
    struct entropy entropy = gather();
    assert_int_equal(entropy.bits, bits);
    assert_int_equal(entropy.sources, sources);
}

static void each_source_is_credited(void **state)
{
    (void)state;
    static const struct {
        enum behaviour rdseed, rdrand, firmware;
        uint32_t bits, sources;
    } rows[] = {
        {ABSENT, ABSENT, ABSENT, 0, 0},
        {GOOD, ABSENT, ABSENT, 256, BOOT_SEED_RDSEED},
        {ABSENT, GOOD, ABSENT, 128, BOOT_SEED_RDRAND},
        {ABSENT, ABSENT, GOOD, 128, BOOT_SEED_FIRMWARE},
        {GOOD, GOOD, GOOD, 256, BOOT_SEED_RDSEED | BOOT_SEED_RDRAND | BOOT_SEED_FIRMWARE},
        {ABSENT, GOOD, GOOD, 128, BOOT_SEED_RDRAND | BOOT_SEED_FIRMWARE}, /* may be one and the same: no sum */
        {STUCK, ABSENT, ABSENT, 0, 0},
        {ALL_ONES, ABSENT, ABSENT, 0, 0},
        {ALL_ZERO, ABSENT, ABSENT, 0, 0},
        {REPEATS, ABSENT, ABSENT, 0, 0},
        {DRY, ABSENT, ABSENT, 0, 0},
        {SHORT, ABSENT, ABSENT, 96, BOOT_SEED_RDSEED},
        {SLOW, ABSENT, ABSENT, 256, BOOT_SEED_RDSEED},
        {ABSENT, STUCK, ABSENT, 0, 0},
        {ABSENT, ALL_ONES, ABSENT, 0, 0},
        {ABSENT, ALL_ZERO, ABSENT, 0, 0},
        {ABSENT, REPEATS, ABSENT, 0, 0},
        {ABSENT, DRY, ABSENT, 0, 0},
        {ABSENT, SHORT, ABSENT, 48, BOOT_SEED_RDRAND},
        {ABSENT, SLOW, ABSENT, 128, BOOT_SEED_RDRAND},
        {DRY, GOOD, ABSENT, 128, BOOT_SEED_RDRAND},
        {ABSENT, ABSENT, STUCK, 0, 0},
        {ABSENT, ABSENT, SHORT, 40, BOOT_SEED_FIRMWARE},
        {STUCK, STUCK, STUCK, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        machine.cpu[CPU_RDSEED] = rows[i].rdseed;
        machine.cpu[CPU_RDRAND] = rows[i].rdrand;
        machine.firmware = rows[i].firmware;
        expect(rows[i].bits, rows[i].sources);
    }
}

static void a_generator_without_words_is_not_asked_for_ever(void **state)
{
    (void)state;
    machine.cpu[CPU_RDSEED] = machine.cpu[CPU_RDRAND] = DRY;
    gather();
    assert_in_range(machine.asked[CPU_RDSEED], 10, 1000);
    assert_in_range(machine.asked[CPU_RDRAND], 10, 1000);
}

static void a_timer_that_jitters_is_worth_a_little(void **state)
{
    (void)state;
    machine.timer_runs = true;
    machine.jitter = 1000;
    expect(64, BOOT_SEED_TIMER); /* never more */
    machine.jitter = 8;          /* most intervals are among the last eight */
    struct entropy entropy = gather();
    assert_in_range(entropy.bits, 20, 60);
    assert_int_equal(entropy.sources, BOOT_SEED_TIMER);
}

static void a_timer_in_step_is_worth_nothing(void **state)
{
    (void)state;
    machine.timer_runs = true;
    expect(0, 0);
    machine.timer_runs = false;
    machine.jitter = 1000;
    expect(0, 0);
    assert_in_range(machine.timer_reads, 2, 100); /* it is soon known */
}

static void good_sources_shorten_the_wait_for_the_timer(void **state)
{
    (void)state;
    machine.timer_runs = true;
    machine.jitter = 1000;
    machine.cpu[CPU_RDRAND] = GOOD;
    struct entropy entropy = gather();
    assert_in_range(entropy.bits, 128 + 2, 128 + 4);
    assert_int_equal(entropy.sources, BOOT_SEED_RDRAND | BOOT_SEED_TIMER);
    assert_in_range(machine.timer_reads, 16, 64);
}

static void pool_bytes(uint8_t bytes[32])
{
    struct entropy entropy = gather();
    random_pool_seed(&entropy.pool, "test", bytes);
}

/* Whatever is read changes what comes out, also where it is worth nothing. */
static void everything_goes_into_the_pool(void **state)
{
    (void)state;
    uint8_t seen[12][32];
    size_t count = 0;
    pool_bytes(seen[count++]); /* nothing but the time */
    machine.tsc = 0;
    pool_bytes(seen[count]);
    assert_memory_equal(seen[0], seen[count], 32); /* what is the same gives the same */
    static const enum behaviour behaviours[] = {GOOD, STUCK, ALL_ONES};
    for (size_t i = 0; i < ARRAY_LENGTH(behaviours); i++) {
        for (unsigned k = 0; k < 3; k++) {
            reset(NULL);
            machine.cpu[CPU_RDSEED] = k == 0 ? behaviours[i] : ABSENT;
            machine.cpu[CPU_RDRAND] = k == 1 ? behaviours[i] : ABSENT;
            machine.firmware = k == 2 ? behaviours[i] : ABSENT;
            machine.random = 1000 * i + k;
            pool_bytes(seen[count++]);
        }
    }
    reset(NULL);
    machine.tsc = 1;
    pool_bytes(seen[count++]);
    reset(NULL);
    machine.timer_runs = true;
    pool_bytes(seen[count++]);
    for (size_t i = 1; i < count; i++)
        assert_memory_not_equal(seen[0], seen[i], 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_source_is_credited, reset),
        cmocka_unit_test_setup(a_generator_without_words_is_not_asked_for_ever, reset),
        cmocka_unit_test_setup(a_timer_that_jitters_is_worth_a_little, reset),
        cmocka_unit_test_setup(a_timer_in_step_is_worth_nothing, reset),
        cmocka_unit_test_setup(good_sources_shorten_the_wait_for_the_timer, reset),
        cmocka_unit_test_setup(everything_goes_into_the_pool, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
