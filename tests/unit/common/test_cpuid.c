#include "cmocka_all.h"

#include "cpuid.h"

struct entry {
    uint32_t leaf;
    struct cpuid_leaf registers;
};

static const struct entry *cpu; /* ends with an entry whose registers are all zero */

/* A leaf that the CPU does not have answers with rubbish, as Intel's do (SDM 2A, CPUID). */
static struct cpuid_leaf query(uint32_t leaf)
{
    for (const struct entry *entry = cpu; entry->registers.eax | entry->registers.ebx | entry->registers.edx; entry++)
        if (entry->leaf == leaf)
            return entry->registers;
    return (struct cpuid_leaf){0xdeadbeef, 0xdeadbeef, 0xdeadbeef, 0xdeadbeef};
}

static void expect_paging(const struct entry *entries, bool no_execute, bool gigabyte_pages, uint32_t phys_bits)
{
    cpu = entries;
    struct paging_features features = cpuid_paging_features(query);
    assert_int_equal(features.no_execute, no_execute);
    assert_int_equal(features.gigabyte_pages, gigabyte_pages);
    assert_int_equal(features.phys_bits, phys_bits);
}

static void paging_features_by_examples(void **state)
{
    (void)state;
    static const struct entry modern[] = {
        {0x80000000, {0x80000008, 0, 0, 0}}, {0x80000001, {1, 0, 0, 0x2c100800}}, {0x80000008, {0x3027, 0, 0, 0}}, {0}};
    static const struct entry plain[] = {
        {0x80000000, {0x80000008, 0, 0, 0}}, {0x80000001, {1, 0, 0, 0x20000800}}, {0x80000008, {0x3034, 0, 0, 0}}, {0}};
    static const struct entry no_sizes[] = {
        {0x80000000, {0x80000001, 0, 0, 0}}, {0x80000001, {1, 0, 0, 0x00100000}}, {0}};
    static const struct entry too_wide[] = {
        {0x80000000, {0x80000008, 0, 0, 0}}, {0x80000001, {1, 0, 0, 0x04000000}}, {0x80000008, {0xff, 0, 0, 0}}, {0}};
    static const struct entry ancient[] = {{0x80000000, {3, 0, 0, 0}}, {0}};
    static const struct entry rubbish[] = {{0}};
    expect_paging(modern, true, true, 39);
    expect_paging(plain, false, false, 52);
    expect_paging(no_sizes, true, false, 36);
    expect_paging(too_wide, false, true, 52);
    expect_paging(ancient, false, false, 36);
    expect_paging(rubbish, false, false, 36); /* 0xdeadbeef is no highest leaf of that range */
}

static void expect_hz(const struct entry *entries, uint64_t hz)
{
    cpu = entries;
    assert_int_equal(cpuid_tsc_hz(query), hz);
}

static void tsc_frequencies_by_examples(void **state)
{
    (void)state;
    static const struct entry crystal[] = {
        {0, {0x16, 0, 0, 0}}, {1, {1, 0, 0, 0}}, {0x15, {2, 250, 24000000, 0}}, {0x16, {1, 0, 0, 0}}, {0}};
    static const struct entry base[] = {
        {0, {0x16, 0, 0, 0}}, {1, {1, 0, 0, 0}}, {0x15, {2, 292, 0, 0}}, {0x16, {0xabcd0000 | 3500, 0, 0, 0}}, {0}};
    static const struct entry no_base[] = {{0, {0x15, 0, 0, 0}}, {1, {1, 0, 0, 0}}, {0x15, {2, 292, 0, 0}}, {0}};
    static const struct entry no_ratio[] = {
        {0, {0x16, 0, 0, 0}}, {1, {1, 0, 0, 0}}, {0x15, {0, 5, 24000000, 0}}, {0x16, {3000, 0, 0, 0}}, {0}};
    static const struct entry old[] = {{0, {0xd, 0, 0, 0}}, {1, {1, 0, 0, 0}}, {0}};
    static const struct entry huge[] = {
        {0, {0x15, 0, 0, 0}}, {1, {1, 0, 0, 0}}, {0x15, {1, UINT32_MAX, UINT32_MAX, 0}}, {0}};
    static const struct entry guest[] = {{0, {0x16, 0, 0, 0}},
                                         {1, {1, 0, 1u << 31, 0}},
                                         {0x15, {2, 250, 24000000, 0}},
                                         {0x40000000, {0x40000010, 0, 0, 0}},
                                         {0x40000010, {2199998, 0, 0, 0}},
                                         {0}};
    static const struct entry short_guest[] = {{0, {0x15, 0, 0, 0}},
                                               {1, {1, 0, 1u << 31, 0}},
                                               {0x15, {2, 250, 24000000, 0}},
                                               {0x40000000, {0x40000001, 0, 0, 0}},
                                               {0}};
    static const struct entry not_a_guest[] = {{0, {1, 0, 0, 0}},
                                               {1, {1, 0, 0, 0}},
                                               {0x40000000, {0x40000010, 0, 0, 0}},
                                               {0x40000010, {2199998, 0, 0, 0}},
                                               {0}};
    expect_hz(crystal, 3000000000);
    expect_hz(base, 3500000000);
    expect_hz(no_base, 0);
    expect_hz(no_ratio, 0);
    expect_hz(old, 0);
    expect_hz(huge, (uint64_t)UINT32_MAX * UINT32_MAX);
    expect_hz(guest, 2199998000);
    expect_hz(short_guest, 3000000000);
    expect_hz(not_a_guest, 0);
}

static void random_numbers_by_examples(void **state)
{
    (void)state;
    static const struct entry both[] = {{0, {0x16, 0, 0, 0}}, {1, {1, 0, 1u << 30, 0}}, {7, {0, 1u << 18, 0, 1}}, {0}};
    static const struct entry one[] = {{0, {0x16, 0, 0, 0}}, {1, {1, 0, 1u << 30, 0}}, {7, {1, 0, 0, 0}}, {0}};
    static const struct entry neither[] = {{0, {0x16, 0, 0, 0}}, {1, {1, 0, 0, 0}}, {7, {1, 0, 0, 0}}, {0}};
    static const struct entry old[] = {{0, {1, 0, 0, 0}}, {1, {1, 0, 0, 0}}, {7, {0, 1u << 18, 0, 1}}, {0}};
    cpu = both;
    assert_true(cpuid_has_rdrand(query) && cpuid_has_rdseed(query));
    cpu = one;
    assert_true(cpuid_has_rdrand(query) && !cpuid_has_rdseed(query));
    cpu = neither;
    assert_false(cpuid_has_rdrand(query) || cpuid_has_rdseed(query));
    cpu = old; /* has no leaf 7 */
    assert_false(cpuid_has_rdrand(query) || cpuid_has_rdseed(query));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paging_features_by_examples),
        cmocka_unit_test(tsc_frequencies_by_examples),
        cmocka_unit_test(random_numbers_by_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
