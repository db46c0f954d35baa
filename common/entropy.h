/* Unpredictable bits from whatever the machine has: the CPU's RDSEED and RDRAND, the firmware's generator, and the
 * jitter between two clocks. All that is read goes into one pool; what it is worth is counted with caution. */
#ifndef STAGECOACH_ENTROPY_H
#define STAGECOACH_ENTROPY_H

#include "random.h"

#define ENTROPY_BITS_MAX 256u    /* of the pool */
#define ENTROPY_BITS_ENOUGH 128u /* fewer can be guessed by those who really want to */

struct entropy {
    struct random_pool pool;
    uint32_t bits;    /* that an onlooker can't know, at least; at most ENTROPY_BITS_MAX */
    uint32_t sources; /* BOOT_SEED_*: those that are worth something */
};

/* Reads all sources. Bits are credited like this:
 *   RDSEED    32 for each of up to 8 words (it promises 64), none at all if a word is 0, all ones, or comes twice
 *   RDRAND    16 for each of up to 8 words, by the same rules: they come from one state of 128 bits
 *   firmware  4 for each of 32 bytes, none if all are the same
 *   timer     1 for 8 intervals that differ from the 8 before each, at most 64
 * RDSEED and RDRAND are two ends of one circuit, and firmware's generator may well be a third: of those three the best
 * counts alone. */
void entropy_gather(struct entropy *entropy);

#endif
