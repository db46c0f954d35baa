#include "video.h"

#define EDID_FIRST_TIMING 54u
#define EDID_EXTENSIONS 126u

/* Only the first block has the header: some firmware gives that block for every number. */
static bool is_edid_block(const uint8_t *block, size_t number)
{
    static const uint8_t header[8] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00};
    uint8_t sum = 0;
    for (size_t i = 0; i < VIDEO_EDID_BLOCK; i++)
        sum = (uint8_t)(sum + block[i]);
    bool is_base = __builtin_memcmp(block, header, sizeof header) == 0;
    return sum == 0 && is_base == (number == 0);
}

size_t video_edid_announced(const uint8_t *block)
{
    return (1u + block[EDID_EXTENSIONS]) * (size_t)VIDEO_EDID_BLOCK;
}

size_t video_edid_size(const uint8_t *edid, size_t size)
{
    size_t sound = 0;
    while (size - sound >= VIDEO_EDID_BLOCK && (sound == 0 || sound < video_edid_announced(edid)) &&
           is_edid_block(edid + sound, sound / VIDEO_EDID_BLOCK))
        sound += VIDEO_EDID_BLOCK;
    return sound;
}

bool video_edid_preferred(const uint8_t *edid, size_t size, uint32_t *width, uint32_t *height)
{
    if (video_edid_size(edid, size) == 0)
        return false;

    const uint8_t *timing = edid + EDID_FIRST_TIMING;
    bool is_timing = timing[0] != 0 || timing[1] != 0; /* pixel clock 0: some other descriptor */
    uint32_t active_width = timing[2] | (timing[4] & 0xf0u) << 4;
    uint32_t active_height = timing[5] | (timing[7] & 0xf0u) << 4;
    if (!is_timing || active_width == 0 || active_height == 0)
        return false;
    *width = active_width;
    *height = active_height;
    return true;
}

struct size {
    uint32_t width, height; /* 0: not known, or no wish */
};

/* How well a mode serves the wish: lower is better, `tier` first. */
struct score {
    unsigned tier;
    uint64_t cost;
};

static bool is_size(const struct video_mode *mode, struct size size)
{
    return mode->width == size.width && mode->height == size.height;
}

static bool at_least(const struct video_mode *mode, struct size size)
{
    return mode->width >= size.width && mode->height >= size.height;
}

static uint64_t area(const struct video_mode *mode)
{
    return (uint64_t)mode->width * mode->height;
}

static struct score smallest_first(unsigned tier, const struct video_mode *mode)
{
    return (struct score){tier, area(mode)};
}

static struct score largest_first(unsigned tier, const struct video_mode *mode)
{
    return (struct score){tier, UINT64_MAX - area(mode)};
}

/* The configuration names a size. */
static struct score score_exact(const struct video_mode *mode, struct size wanted)
{
    if (is_size(mode, wanted))
        return (struct score){0, 0};
    return at_least(mode, wanted) ? smallest_first(1, mode) : largest_first(2, mode);
}

/* The kernel names a minimum. */
static struct score score_minimum(const struct video_mode *mode, struct size minimum, struct size preferred)
{
    if (!at_least(mode, minimum))
        return largest_first(2, mode);
    return is_size(mode, preferred) ? (struct score){0, 0} : smallest_first(1, mode);
}

/* Nobody asks for anything. */
static struct score score_free(const struct video_mode *mode, struct size preferred)
{
    const struct size classic = {1024, 768};
    if (is_size(mode, preferred))
        return (struct score){0, 0};
    if (mode->current)
        return (struct score){1, 0};
    if (is_size(mode, classic))
        return (struct score){2, 0};
    if (mode->width <= classic.width && mode->height <= classic.height)
        return largest_first(3, mode);
    return smallest_first(4, mode);
}

static struct score score_of(const struct video_wish *wish, struct size preferred, const struct video_mode *mode)
{
    if (wish->config_width != 0 && wish->config_height != 0)
        return score_exact(mode, (struct size){wish->config_width, wish->config_height});
    if (wish->minimum_width != 0 || wish->minimum_height != 0)
        return score_minimum(mode, (struct size){wish->minimum_width, wish->minimum_height}, preferred);
    return score_free(mode, preferred);
}

static bool is_better(const struct video_mode *mode, struct score score, const struct video_mode *best,
                      struct score best_score)
{
    if (score.tier != best_score.tier)
        return score.tier < best_score.tier;
    if (score.cost != best_score.cost)
        return score.cost < best_score.cost;
    if (mode->bits_per_pixel != best->bits_per_pixel)
        return mode->bits_per_pixel > best->bits_per_pixel;
    if (mode->current != best->current)
        return mode->current;
    return mode->id < best->id;
}

bool video_choose(const struct video_wish *wish, struct video_mode *chosen)
{
    uint8_t edid[VIDEO_EDID_BLOCK];
    struct size preferred = {0, 0};
    struct video_mode mode, best = {0};
    struct score best_score = {0, 0};
    bool found = false;

    video_edid_preferred(edid, firmware_edid(edid, sizeof edid), &preferred.width, &preferred.height);
    for (unsigned index = 0; firmware_video_mode(index, &mode); index++) {
        struct score score = score_of(wish, preferred, &mode);
        if (!found || is_better(&mode, score, &best, best_score)) {
            best = mode;
            best_score = score;
            found = true;
        }
    }
    if (found)
        *chosen = best;
    return found;
}
