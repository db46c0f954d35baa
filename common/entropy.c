#include "entropy.h"

#include "cpu.h"
#include "firmware.h"
#include "memory.h"
#include "timer.h"

#define CPU_WORDS 8u
#define CPU_TRIES 64u /* Intel asks for 10 of RDRAND (SDM 1, 7.3.17.1); RDSEED runs dry sooner */
#define FIRMWARE_BYTES 32u

#define TIMER_SAMPLES_FEW 32u    /* where better sources gave enough */
#define TIMER_SAMPLES_MANY 1024u /* some milliseconds */
#define TIMER_READS 8u           /* for a sample, until the counter has moved */
#define TIMER_RECENT 8u
#define TIMER_BITS_MAX 64u

#define HARVEST_SIZE 1024u

/* What was read and is not in the pool yet: a library's call costs some changes of the CPU's state. */
struct harvest {
    struct random_pool *pool;
    uint8_t bytes[HARVEST_SIZE];
    size_t used;
};

static void harvest_flush(struct harvest *harvest)
{
    random_pool_add(harvest->pool, harvest->bytes, harvest->used);
    harvest->used = 0;
}

/* `size` is at most HARVEST_SIZE. */
static void harvest_add(struct harvest *harvest, const void *bytes, size_t size)
{
    if (size > HARVEST_SIZE - harvest->used)
        harvest_flush(harvest);
    memcpy(harvest->bytes + harvest->used, bytes, size);
    harvest->used += size;
}

static bool cpu_word(enum cpu_random source, uint64_t *word)
{
    for (unsigned i = 0; i < CPU_TRIES; i++)
        if (cpu_random(source, word))
            return true;
    return false;
}

/* AMD's generators are known to answer all ones, again and again, after a suspend. A word comes twice by chance once in
 * 2^58 boots. */
static bool is_stuck(const uint64_t *words, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (words[i] == 0 || words[i] == UINT64_MAX)
            return true;
        for (unsigned k = 0; k < i; k++)
            if (words[k] == words[i])
                return true;
    }
    return false;
}

static uint32_t gather_cpu(struct entropy *entropy, struct harvest *harvest, enum cpu_random source, uint32_t flag,
                           uint32_t word_bits)
{
    uint64_t words[CPU_WORDS];
    unsigned count = 0;
    if (!cpu_has_random(source))
        return 0;
    while (count < CPU_WORDS && cpu_word(source, &words[count]))
        count++;
    harvest_add(harvest, words, count * sizeof words[0]);
    uint32_t bits = is_stuck(words, count) ? 0 : count * word_bits;
    random_wipe(words, sizeof words);
    if (bits > 0)
        entropy->sources |= flag;
    return bits;
}

static bool all_same(const uint8_t *bytes, size_t size)
{
    for (size_t i = 1; i < size; i++)
        if (bytes[i] != bytes[0])
            return false;
    return true;
}

/* Of a door whose firmware has no generator. */
__attribute__((weak)) size_t firmware_random(uint8_t *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    return 0;
}

static uint32_t gather_firmware(struct entropy *entropy, struct harvest *harvest)
{
    uint8_t bytes[FIRMWARE_BYTES];
    size_t size = firmware_random(bytes, sizeof bytes);
    harvest_add(harvest, bytes, size);
    bool sound = size > 0 && !all_same(bytes, size);
    random_wipe(bytes, sizeof bytes);
    if (!sound)
        return 0;
    entropy->sources |= BOOT_SEED_FIRMWARE;
    return (uint32_t)size * 4;
}

/* Waits for the timer to move on; false if it stands still. */
static bool timer_moves(uint16_t *count)
{
    for (unsigned i = 0; i < TIMER_READS; i++) {
        uint16_t now = timer_count();
        if (now != *count) {
            *count = now;
            return true;
        }
    }
    return false;
}

static bool is_recent(const uint64_t recent[TIMER_RECENT], uint64_t interval)
{
    for (unsigned i = 0; i < TIMER_RECENT; i++)
        if (recent[i] == interval)
            return true;
    return false;
}

/* How long the CPU's counter says that the timer takes for its next steps: noise of two oscillators and of the way
 * between them. An interval counts only if it is not one of the last few. */
static uint32_t gather_timer(struct entropy *entropy, struct harvest *harvest, unsigned samples)
{
    uint64_t recent[TIMER_RECENT] = {0}, last = cpu_tsc();
    uint16_t count = timer_count();
    unsigned fresh = 0;
    for (unsigned i = 0; i < samples && timer_moves(&count); i++) {
        uint64_t now = cpu_tsc(), interval = now - last;
        if (!is_recent(recent, interval))
            fresh++;
        recent[i % TIMER_RECENT] = interval;
        last = now;
        uint32_t sample = (uint32_t)interval ^ (uint32_t)count << 16; /* chance is in the lowest bits of both */
        harvest_add(harvest, &sample, sizeof sample);
    }
    uint32_t bits = fresh / 8 < TIMER_BITS_MAX ? fresh / 8 : TIMER_BITS_MAX;
    if (bits > 0)
        entropy->sources |= BOOT_SEED_TIMER;
    return bits;
}

/* Worth nothing, but no two machines and moments have all of it in common. */
static void gather_circumstances(struct harvest *harvest)
{
    const struct firmware_identity *identity = firmware_identity();
    uint64_t moments[2] = {identity->entry_tsc, cpu_tsc()};
    harvest_add(harvest, &identity->disk, sizeof identity->disk);
    harvest_add(harvest, moments, sizeof moments);
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

void entropy_gather(struct entropy *entropy)
{
    struct harvest harvest = {.pool = &entropy->pool};
    entropy->sources = 0;
    random_pool_start(&entropy->pool);
    gather_circumstances(&harvest);
    uint32_t bits = gather_cpu(entropy, &harvest, CPU_RDSEED, BOOT_SEED_RDSEED, 32);
    bits = larger(bits, gather_cpu(entropy, &harvest, CPU_RDRAND, BOOT_SEED_RDRAND, 16));
    bits = larger(bits, gather_firmware(entropy, &harvest));
    bits += gather_timer(entropy, &harvest, bits < ENTROPY_BITS_ENOUGH ? TIMER_SAMPLES_MANY : TIMER_SAMPLES_FEW);
    harvest_flush(&harvest);
    random_wipe(&harvest, sizeof harvest);
    entropy->bits = bits < ENTROPY_BITS_MAX ? bits : ENTROPY_BITS_MAX;
}
