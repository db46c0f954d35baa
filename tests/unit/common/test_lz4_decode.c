/* The judge is liblz4: what it compresses must come back. */
#include "cmocka_all.h"

#include "lz4_decode.h"

#include <lz4.h>
#include <lz4hc.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_TRIED 70000

static uint64_t state_of_chance = 1;

static uint32_t chance(uint32_t below)
{
    state_of_chance = state_of_chance * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state_of_chance >> 33) % below;
}

/* Noise with repetitions of every distance and length in it: `liveliness` of 100 steps are noise. */
static void fill(uint8_t *bytes, size_t size, uint32_t liveliness)
{
    for (size_t at = 0; at < size;) {
        if (at == 0 || chance(100) < liveliness) {
            bytes[at++] = (uint8_t)chance(256);
            continue;
        }
        size_t distance = 1 + chance(at < 20 || chance(2) != 0 ? (uint32_t)(at < 20 ? at : 20) : (uint32_t)at);
        for (size_t length = 1 + chance(chance(4) == 0 ? 3000 : 40); length > 0 && at < size; length--, at++)
            bytes[at] = bytes[at - distance];
    }
}

static size_t compress(const uint8_t *from, size_t size, uint8_t *to, size_t room, int level)
{
    int done = level < LZ4HC_CLEVEL_MIN ? LZ4_compress_default((const char *)from, (char *)to, (int)size, (int)room)
                                        : LZ4_compress_HC((const char *)from, (char *)to, (int)size, (int)room, level);
    assert_true(done > 0);
    return (size_t)done;
}

/* Exactly as long as they claim to be, so that the sanitizer sees each byte too many. */
static bool decode_alone(const uint8_t *from, size_t from_size, size_t to_size, uint8_t **to)
{
    uint8_t *copy = malloc(from_size);
    *to = malloc(to_size);
    assert_true(copy != NULL && *to != NULL);
    memcpy(copy, from, from_size);
    bool good = lz4_decode(copy, from_size, *to, to_size);
    free(copy);
    return good;
}

static void what_liblz4_makes_comes_back(void **state)
{
    (void)state;
    static uint8_t bytes[SIZE_MAX_TRIED], packed[2 * SIZE_MAX_TRIED];
    static const int levels[] = {1, 3, 9, 12};
    for (unsigned i = 0; i < 400; i++) {
        size_t size = i < 100 ? i + 1 : 1 + chance(i < 300 ? 3000 : SIZE_MAX_TRIED);
        fill(bytes, size, chance(101));
        size_t length = compress(bytes, size, packed, sizeof packed, levels[i % ARRAY_LENGTH(levels)]);
        uint8_t *back;
        assert_true(decode_alone(packed, length, size, &back));
        assert_memory_equal(back, bytes, size);
        free(back);
    }
}

static void another_length_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[5000], packed[10000];
    fill(bytes, sizeof bytes, 30);
    size_t length = compress(bytes, sizeof bytes, packed, sizeof packed, 9);
    uint8_t *back;
    for (size_t size = sizeof bytes - 20; size < sizeof bytes + 20; size++) {
        assert_int_equal(decode_alone(packed, length, size, &back), size == sizeof bytes);
        free(back);
    }
    for (size_t cut = 0; cut < length; cut++) {
        assert_false(decode_alone(packed, cut, sizeof bytes, &back));
        free(back);
    }
}

/* Not all damage can be seen, that is what checksums are for; but none makes it read or write elsewhere. */
static void damage_does_no_harm(void **state)
{
    (void)state;
    static uint8_t bytes[3000], packed[6000];
    fill(bytes, sizeof bytes, 30);
    size_t length = compress(bytes, sizeof bytes, packed, sizeof packed, 9);
    for (unsigned i = 0; i < 20000; i++) {
        size_t at = chance((uint32_t)length);
        uint8_t before = packed[at], *back;
        packed[at] = (uint8_t)chance(256);
        decode_alone(packed, length, sizeof bytes, &back);
        free(back);
        packed[at] = before;
    }
}

static void blocks_made_by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *text; /* NULL: refused */
    } cases[] = {
        {"", 0, NULL},
        {"\x00", 1, ""},
        {"\x10"
         "a",
         2, "a"},
        {"\x11"
         "a\x01\x00\x00",
         5, "aaaaaa"}, /* one literal, a match of 5, no literal */
        {"\x11"
         "a\x01\x00",
         4, NULL}, /* ends behind a match */
        {"\x11"
         "a\x00\x00\x00",
         5, NULL}, /* distance 0 */
        {"\x11"
         "a\x02\x00\x00",
         5, NULL}, /* before the block */
        {"\x11"
         "a\x01",
         3, NULL},                 /* half a distance */
        {"\xf0", 1, NULL},         /* no length */
        {"\xf0\xff\xff", 3, NULL}, /* no end of the length */
        {"\x32"
         "abc\x03\x00\x20"
         "de",
         9, "abcabcabcde"}, /* a match that reaches into itself */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        size_t size = cases[i].text != NULL ? strlen(cases[i].text) : 6;
        uint8_t *back;
        bool good = decode_alone((const uint8_t *)cases[i].bytes, cases[i].size, size, &back);
        assert_int_equal(good, cases[i].text != NULL);
        if (good)
            assert_memory_equal(back, cases[i].text, size);
        free(back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_liblz4_makes_comes_back),
        cmocka_unit_test(another_length_is_refused),
        cmocka_unit_test(damage_does_no_harm),
        cmocka_unit_test(blocks_made_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
