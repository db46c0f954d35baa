#include "boot_random.h"

#include "checked.h"
#include "entropy.h"
#include "format.h"
#include "log.h"
#include "memory.h"

#define LISTS_SIZE (4ull << 20) /* memory maps and list of mappings; page tables but for those of the window */

static void name_sources(uint32_t sources, char *text, size_t size)
{
    static const char names[][13] = {"RDSEED", "RDRAND", "the firmware", "timer jitter"};
    size_t used = format(text, size, "%s", sources == 0 ? "no source" : "");
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if ((sources & 1u << i) != 0)
            used += format(text + used, size - used, "%s%s", used > 0 ? ", " : "", names[i]);
}

static void report_entropy(const struct boot_random *random)
{
    char sources[80];
    name_sources(random->seed_sources, sources, sizeof sources);
    if (random->seed_bits < ENTROPY_BITS_ENOUGH)
        log_warn("only %u bits of entropy (%s): the kernel's seed%s could be guessed", random->seed_bits, sources,
                 random->aslr ? " and its random addresses" : "");
    else
        log_debug("%u bits of entropy (%s)", random->seed_bits, sources);
}

static bool wants_aslr(const struct config *config, const struct kernel_plan *kernel)
{
    bool aslr = config->aslr == CONFIG_ASLR_AS_WISHED ? kernel->aslr : config->aslr == CONFIG_ASLR_ON;
    if (!aslr && config->has_kaslr_seed)
        log_warn("kaslr-seed has no effect: the kernel does not ask for random addresses, and 'aslr on' is not there");
    return aslr;
}

static void start_streams(const struct config *config, const struct random_pool *pool, struct boot_random *random)
{
    uint8_t layout[RANDOM_SEED_SIZE];
    random_pool_seed(pool, "Stagecoach layout", layout);
    if (config->has_kaslr_seed)
        memcpy(layout, config->kaslr_seed, sizeof layout);
    random_start(&random->addresses, "Stagecoach virtual addresses", layout, sizeof layout);
    random_start(&random->frames, "Stagecoach physical addresses", layout, sizeof layout);
    random_wipe(layout, sizeof layout);
}

void boot_random_start(const struct config *config, const struct kernel_plan *kernel, struct boot_random *random)
{
    struct entropy entropy;
    entropy_gather(&entropy);
    random_pool_seed(&entropy.pool, "Stagecoach kernel's seed", random->seed);
    random->seed_bits = entropy.bits;
    random->seed_sources = entropy.sources;
    random->aslr = wants_aslr(config, kernel);
    if (random->aslr)
        start_streams(config, &entropy.pool, random);
    random_wipe(&entropy, sizeof entropy);
    report_entropy(random);
}

void boot_random_report(const struct boot_random *random, const struct address_plan *plan)
{
    for (size_t i = 0; i < plan->part_count; i++) {
        const struct address_part *part = &plan->parts[i];
        if (part->places > 0)
            log_debug("%s at %#llx, one of %llu places", part->name, (unsigned long long)part->address,
                      (unsigned long long)part->places);
    }
    if (random->aslr && plan->cramped)
        log_warn("the dynamic range is too narrow for random addresses: the lowest ones are taken");
}

uint64_t boot_random_spare(const struct payloads *payloads, const struct memmap *map, uint64_t window_size,
                           uint64_t rest)
{
    /* Of the window: a table for each GiB, and two where one kind of memory ends inside a large page. */
    uint64_t spare = LISTS_SIZE + (window_size / SIZE_1G + 2 * map->count) * PAGE_SIZE;
    if (!add_ok(spare, rest, &spare))
        return UINT64_MAX;
    for (uint32_t i = 0; i < payloads->count; i++) {
        uint64_t size = payloads->list[i].file.size;
        uint64_t alignment = size >= SIZE_2M ? SIZE_2M : PAGE_SIZE; /* payload_load() asks for it, too */
        if (!add_ok(spare, size, &spare) || !add_ok(spare, alignment, &spare))
            return UINT64_MAX;
    }
    return spare;
}
