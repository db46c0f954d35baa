/* All that is random in a boot: the addresses and frames that ASLR chooses, and the seed that the kernel gets. */
#ifndef STAGECOACH_BOOT_RANDOM_H
#define STAGECOACH_BOOT_RANDOM_H

#include "address_plan.h"
#include "config.h"
#include "kernel_plan.h"
#include "payload.h"
#include "random.h"

struct boot_random {
    bool aslr;               /* wished for by the kernel, or switched by the configuration */
    struct random addresses; /* two streams, if `aslr`: which physical memory is free must not change the virtual addresses */
    struct random frames;
    uint8_t seed[RANDOM_SEED_SIZE]; /* the kernel's; says nothing about the streams */
    uint32_t seed_bits, seed_sources;
};

/* Gathers entropy, and derives the streams from it, or from the configuration's kaslr-seed. Warns if there is little.
 */
void boot_random_start(const struct config *config, const struct kernel_plan *kernel, struct boot_random *random);

/* Logs what was left to chance. */
void boot_random_report(const struct boot_random *random, const struct address_plan *plan);

/* Memory below 4 GiB, in one piece, that is enough for everything besides the kernel's segments: a kernel that lies at
 * random leaves so much. `rest`: bytes of what the caller will take. */
uint64_t boot_random_spare(const struct payloads *payloads, const struct memmap *map, uint64_t window_size,
                           uint64_t rest);

#endif
