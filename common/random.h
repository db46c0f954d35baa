/* Random numbers that are a function of their seed alone: HMAC-DRBG with SHA-256 (NIST SP 800-90A, 10.1.2), BearSSL's.
 */
#ifndef STAGECOACH_RANDOM_H
#define STAGECOACH_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#define RANDOM_SEED_SIZE 32u

struct random {
    uint64_t state[18]; /* BearSSL's; random.c knows it */
};

/* Begins anew. `purpose` keeps streams that start from one seed apart; NULL if nothing else starts from it. */
void random_start(struct random *random, const char *purpose, const void *seed, size_t size);

/* Makes everything that follows depend on these bytes, too. */
void random_mix(struct random *random, const void *bytes, size_t size);

void random_bytes(struct random *random, void *to, size_t size);

/* Each of 0 .. limit - 1 with the same probability; limit > 0. */
uint64_t random_below(struct random *random, uint64_t limit);

/* Forgets secrets for good, also where the compiler sees that nobody reads them again. */
void random_wipe(void *secret, size_t size);

#endif
