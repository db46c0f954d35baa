/* The kernel's own contents: data, BSS, read-only data and relocated pointers. */
#include "check.h"

#define ZEROS 300001
#define PATTERN(i) ((i)*0x9e3779b97f4a7c15ull)

static uint8_t zeros[ZEROS];
static uint8_t aligned_zeros[8192] __attribute__((aligned(4096)));

static uint64_t numbers[6] = {PATTERN(1), PATTERN(2), PATTERN(3), PATTERN(4), PATTERN(5), PATTERN(6)};
static const uint64_t constants[4] = {PATTERN(7), PATTERN(8), PATTERN(9), PATTERN(10)};

static uint64_t one(void)
{
    return 1;
}

static uint64_t two(void)
{
    return 2;
}

struct pointers { /* each needs a relocation when the kernel is position independent */
    uint64_t (*function)(void);
    uint64_t *number;
    const uint64_t *constant;
    const char *text;
    const struct pointers *next;
};
static const struct pointers table[3] = {
    {one, &numbers[1], &constants[1], "first", &table[1]},
    {two, &numbers[2], &constants[2], "second", &table[2]},
    {one, &numbers[5], &constants[3], "third", &table[0]},
};
static const struct pointers *volatile chain = &table[0];
static uint8_t *const past_bss[1] = {aligned_zeros + sizeof(aligned_zeros)};

static uint64_t sum(const volatile uint8_t *bytes, uint64_t size)
{
    uint64_t total = 0;
    for (uint64_t i = 0; i < size; i++)
        total += bytes[i];
    return total;
}

static void check_numbers(const char *name, const volatile uint64_t *values, uint64_t count, uint64_t first)
{
    for (uint64_t i = 0; i < count; i++)
        check_equal(name, values[i], PATTERN(first + i));
}

static void check_pointers(void)
{
    const struct pointers *entry = chain;
    check_equal("function pointer", entry->function(), 1);
    check_equal("pointer into data", *entry->number, PATTERN(2));
    check_equal("pointer into constants", *entry->constant, PATTERN(8));
    check_that("pointer to text", text_equal(entry->text, "first"), (uintptr_t)entry->text, "first");
    entry = entry->next;
    check_equal("function pointer", entry->function(), 2);
    check_that("pointer to text", text_equal(entry->text, "second"), (uintptr_t)entry->text, "second");
    entry = entry->next;
    check_equal("pointer into data", *entry->number, PATTERN(6));
    check_equal("circle", (uintptr_t)entry->next, (uintptr_t)chain);
    uint8_t *const volatile *end = past_bss;
    check_equal("pointer with an addend", (uintptr_t)*end,
                (uintptr_t)aligned_zeros + sizeof(aligned_zeros));
}

void check_image(const struct boot_info *info)
{
    check_subject("image");
    check_equal("bss", sum(zeros, sizeof(zeros)), 0);
    check_equal("aligned bss", sum(aligned_zeros, sizeof(aligned_zeros)), 0);
    check_equal("bss alignment", (uintptr_t)aligned_zeros % 4096, 0);
    check_numbers("data", numbers, 6, 1);
    check_numbers("read-only data", constants, 4, 7);
    check_pointers();
    check_that("code lies in the kernel", (uintptr_t)one - info->kernel_address < info->kernel_size, (uintptr_t)one,
               "inside kernel_address, kernel_size");
}
