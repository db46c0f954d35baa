/* Random numbers that are a function of their seed alone: HMAC-DRBG with SHA-256 (NIST SP 800-90A, 10.1.2); and what
 * makes seeds of whatever is left to chance: HKDF with SHA-256 (RFC 5869). Both stand on BearSSL. */
#ifndef STAGECOACH_RANDOM_H
#define STAGECOACH_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#define RANDOM_SEED_SIZE 32u

struct random {
    uint64_t state[18]; /* BearSSL's; random.c knows it */
};

struct random_pool {
    uint64_t state[35]; /* BearSSL's; random.c knows it */
};

/* An empty pool. */
void random_pool_start(struct random_pool *pool);

/* Makes all seeds from now on depend on these bytes, too. */
void random_pool_add(struct random_pool *pool, const void *bytes, size_t size);

/* A seed for a purpose: what is known of it tells nothing of the pool, nor of seeds for other purposes. */
void random_pool_seed(const struct random_pool *pool, const char *purpose, uint8_t seed[RANDOM_SEED_SIZE]);

/* Begins anew. `purpose` keeps streams that start from one seed apart. */
void random_start(struct random *random, const char *purpose, const void *seed, size_t size);

void random_bytes(struct random *random, void *to, size_t size);

/* Each of 0 .. limit - 1 with the same probability; limit > 0. */
uint64_t random_below(struct random *random, uint64_t limit);

/* Forgets secrets for good, also where the compiler sees that nobody reads them again. */
void random_wipe(void *secret, size_t size);

#endif
