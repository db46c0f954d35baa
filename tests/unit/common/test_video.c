#include "cmocka_all.h"

#include "video.h"

#include <string.h>

/* --- the display that the door would show --------------------------------------------------------------------------
 */

static const struct video_mode *modes;
static size_t mode_count;
static uint8_t display_edid[256];
static size_t display_edid_size;

bool firmware_video_mode(unsigned index, struct video_mode *mode)
{
    if (index >= mode_count)
        return false;
    *mode = modes[index];
    return true;
}

size_t firmware_edid(uint8_t *edid, size_t size)
{
    size_t length = display_edid_size < size ? display_edid_size : size;
    memcpy(edid, display_edid, length);
    return length;
}

static void fix_checksum(uint8_t *edid)
{
    uint8_t sum = 0;
    for (unsigned i = 0; i < 127; i++)
        sum = (uint8_t)(sum + edid[i]);
    edid[127] = (uint8_t)-sum;
}

static void edid_make(uint8_t *edid, unsigned width, unsigned height)
{
    static const uint8_t start[] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x1e, 0x6d};
    memset(edid, 0, 128);
    memcpy(edid, start, sizeof start);
    edid[54] = 1; /* pixel clock */
    edid[56] = (uint8_t)width;
    edid[58] = (uint8_t)(width >> 8 << 4 | 0xa); /* low half: blanking */
    edid[59] = (uint8_t)height;
    edid[61] = (uint8_t)(height >> 8 << 4 | 0x5);
    fix_checksum(edid);
}

/* --- EDID -------------------------------------------------------------------------------------------------------- */

/* A base block that announces `extensions`, and three blocks with a right checksum behind it. */
static void edid_make_long(uint8_t edid[4 * 128], unsigned extensions)
{
    edid_make(edid, 1280, 1024);
    edid[126] = (uint8_t)extensions;
    fix_checksum(edid);
    for (unsigned i = 1; i < 4; i++) {
        memset(edid + i * 128ul, (int)i, 128);
        fix_checksum(edid + i * 128ul);
    }
}

static void edid_counts_as_far_as_it_is_sound(void **state)
{
    (void)state;
    uint8_t edid[4 * 128];
    for (unsigned extensions = 0; extensions < 4; extensions++) {
        edid_make_long(edid, extensions);
        assert_int_equal(video_edid_announced(edid), (extensions + 1) * 128);
        for (size_t size = 0; size <= sizeof edid; size++) {
            size_t whole = size / 128 * 128, announced = (extensions + 1) * 128ul;
            assert_int_equal(video_edid_size(edid, size), whole < announced ? whole : announced);
        }
        for (size_t i = 0; i < sizeof edid; i++) { /* any damaged byte ends it with the block before */
            edid[i] ^= 0x10;
            size_t before = i / 128 * 128, announced = (extensions + 1) * 128ul;
            assert_int_equal(video_edid_size(edid, sizeof edid), before < announced ? before : announced);
            edid[i] ^= 0x10;
        }
    }
    memcpy(edid + 128, edid, 128); /* the base block for every number */
    assert_int_equal(video_edid_size(edid, sizeof edid), 128);
}

static void edid_tells_the_preferred_size(void **state)
{
    (void)state;
    static const unsigned sizes[][2] = {{640, 480}, {1024, 768}, {1920, 1080}, {3840, 2160}, {1, 4095}, {4095, 1}};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        uint8_t edid[128];
        uint32_t width = 0, height = 0;
        edid_make(edid, sizes[i][0], sizes[i][1]);
        assert_true(video_edid_preferred(edid, sizeof edid, &width, &height));
        assert_int_equal(width, sizes[i][0]);
        assert_int_equal(height, sizes[i][1]);
    }
}

static void damaged_edid_is_refused(void **state)
{
    (void)state;
    uint8_t good[128], edid[128];
    uint32_t width = 7, height = 8;
    edid_make(good, 1280, 1024);
    for (size_t size = 0; size < 128; size++)
        assert_false(video_edid_preferred(good, size, &width, &height));
    for (size_t i = 0; i < 128; i++) { /* any changed byte */
        memcpy(edid, good, sizeof edid);
        edid[i] ^= 0x10;
        assert_false(video_edid_preferred(edid, sizeof edid, &width, &height));
    }
    for (size_t i = 0; i < 8; i++) { /* the header, with a right checksum */
        memcpy(edid, good, sizeof edid);
        edid[i] ^= 0x10;
        fix_checksum(edid);
        assert_false(video_edid_preferred(edid, sizeof edid, &width, &height));
    }
    memcpy(edid, good, sizeof edid);
    edid[54] = 0; /* not a timing: a name or a serial number */
    fix_checksum(edid);
    assert_false(video_edid_preferred(edid, sizeof edid, &width, &height));
    edid_make(edid, 0, 480);
    assert_false(video_edid_preferred(edid, sizeof edid, &width, &height));
    edid_make(edid, 640, 0);
    assert_false(video_edid_preferred(edid, sizeof edid, &width, &height));
    assert_int_equal(width, 7);
    assert_int_equal(height, 8);
}

/* --- choosing ---------------------------------------------------------------------------------------------------- */

#define MODE(w, h, bits, number)                                                                                       \
    {                                                                                                                  \
        .width = (w), .height = (h), .bits_per_pixel = (bits), .id = (number)                                          \
    }

static const struct video_mode usual[] = {
    MODE(640, 480, 32, 1),   MODE(800, 600, 24, 2),   MODE(800, 600, 32, 3),
    MODE(1920, 1080, 32, 4), MODE(1024, 768, 32, 5),  MODE(1280, 1024, 32, 6),
    MODE(1280, 720, 32, 7),  MODE(2560, 1600, 24, 8), MODE(1024, 768, 32, 9),
};
static const struct video_mode no_classic[] = {MODE(640, 480, 32, 1), MODE(800, 600, 32, 2), MODE(1280, 720, 32, 3)};
static const struct video_mode large_only[] = {MODE(2560, 1600, 32, 1), MODE(1280, 720, 32, 2),
                                               MODE(1920, 1080, 32, 3)};
static const struct video_mode with_current[] = {
    MODE(640, 480, 32, 1),
    MODE(1024, 768, 32, 2),
    {.width = 1280, .height = 800, .bits_per_pixel = 32, .id = 3, .current = true},
    {.width = 1280, .height = 800, .bits_per_pixel = 32, .id = 1},
};
static const struct video_mode current_24[] = {
    {.width = 1280, .height = 800, .bits_per_pixel = 24, .id = 0, .current = true},
    MODE(1280, 800, 32, 3),
};

struct choice {
    const struct video_mode *modes;
    size_t count;
    struct video_wish wish;
    unsigned edid_width, edid_height;
    uint32_t id;
};
#define LIST(modes) modes, ARRAY_LENGTH(modes)

static const struct choice choices[] = {
    /* the configuration: exact, the smallest at least as large, the largest */
    {LIST(usual), {800, 600, 0, 0}, 1920, 1080, 3},
    {LIST(usual), {1100, 700, 0, 0}, 0, 0, 7},
    {LIST(usual), {1281, 100, 0, 0}, 0, 0, 4},
    {LIST(usual), {4000, 100, 0, 0}, 0, 0, 8},
    {LIST(usual), {640, 480, 1920, 1080}, 0, 0, 1}, /* stands above the kernel's minimum */
    {LIST(with_current), {1280, 800, 0, 0}, 0, 0, 3},
    {LIST(current_24), {1280, 800, 0, 0}, 0, 0, 3},
    /* the kernel's minimum: the preferred one if large enough, the smallest large enough, the largest */
    {LIST(usual), {0, 0, 1000, 700}, 1920, 1080, 4},
    {LIST(usual), {0, 0, 1000, 700}, 800, 600, 5},
    {LIST(usual), {0, 0, 1000, 700}, 0, 0, 5},
    {LIST(usual), {0, 0, 1025, 0}, 0, 0, 7},
    {LIST(usual), {0, 0, 0, 1081}, 0, 0, 8},
    {LIST(usual), {0, 0, 4000, 1}, 1920, 1080, 8},
    /* no wishes: preferred, current, 1024x768, the largest up to that, the smallest */
    {LIST(usual), {0}, 1280, 1024, 6},
    {LIST(usual), {0}, 1366, 768, 5},
    {LIST(usual), {0}, 0, 0, 5},
    {LIST(with_current), {0}, 640, 480, 1},
    {LIST(with_current), {0}, 1280, 800, 3},
    {LIST(with_current), {0}, 0, 0, 3},
    {LIST(current_24), {0}, 0, 0, 0},
    {LIST(current_24), {0}, 1280, 800, 3},
    {LIST(no_classic), {0}, 0, 0, 2},
    {LIST(large_only), {0}, 0, 0, 2},
};

static void the_rule_by_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(choices); i++) {
        const struct choice *choice = &choices[i];
        struct video_mode chosen = {0};
        modes = choice->modes;
        mode_count = choice->count;
        edid_make(display_edid, choice->edid_width, choice->edid_height);
        display_edid_size = choice->edid_width != 0 ? 256 : 0;
        assert_true(video_choose(&choice->wish, &chosen));
        if (chosen.id != choice->id)
            fail_msg("choice %zu: mode %u, expected %u", i, chosen.id, choice->id);
    }
}

static void the_order_of_the_list_does_not_matter(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(choices); i++) {
        const struct choice *choice = &choices[i];
        struct video_mode reversed[16], chosen = {0};
        for (size_t m = 0; m < choice->count; m++)
            reversed[m] = choice->modes[choice->count - 1 - m];
        modes = reversed;
        mode_count = choice->count;
        edid_make(display_edid, choice->edid_width, choice->edid_height);
        display_edid_size = choice->edid_width != 0 ? 128 : 0;
        assert_true(video_choose(&choice->wish, &chosen));
        assert_int_equal(chosen.id, choice->id);
    }
}

static void no_modes_no_choice(void **state)
{
    (void)state;
    struct video_wish wish = {0};
    struct video_mode chosen = {.id = 77};
    mode_count = 0;
    assert_false(video_choose(&wish, &chosen));
    assert_int_equal(chosen.id, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edid_tells_the_preferred_size),         cmocka_unit_test(damaged_edid_is_refused),
        cmocka_unit_test(edid_counts_as_far_as_it_is_sound),     cmocka_unit_test(the_rule_by_examples),
        cmocka_unit_test(the_order_of_the_list_does_not_matter), cmocka_unit_test(no_modes_no_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
