#include "random.h"

#include "library.h"
#include "text.h"

#include <bearssl/bearssl_hmac.h>
#include <bearssl/bearssl_rand.h>

_Static_assert(sizeof(br_hmac_drbg_context) == sizeof(struct random), "struct random holds BearSSL's state");
_Static_assert(_Alignof(br_hmac_drbg_context) <= _Alignof(struct random), "struct random holds BearSSL's state");

_Static_assert(sizeof(br_hmac_context) <= sizeof(struct random_pool), "struct random_pool holds BearSSL's state");
_Static_assert(_Alignof(br_hmac_context) <= _Alignof(struct random_pool), "struct random_pool holds BearSSL's state");

static void start_hmac(br_hmac_context *hmac, const void *secret, size_t size)
{
    br_hmac_key_context key;
    br_hmac_key_init(&key, &br_sha256_vtable, secret, size);
    br_hmac_init(hmac, &key, 0);
    random_wipe(&key, sizeof key);
}

void random_pool_start(struct random_pool *pool)
{
    library_enter();
    start_hmac((br_hmac_context *)(void *)pool, NULL, 0); /* no salt */
    library_leave();
}

void random_pool_add(struct random_pool *pool, const void *bytes, size_t size)
{
    library_enter();
    br_hmac_update((br_hmac_context *)(void *)pool, bytes, size);
    library_leave();
}

void random_pool_seed(const struct random_pool *pool, const char *purpose, uint8_t seed[RANDOM_SEED_SIZE])
{
    br_hmac_context hmac;
    uint8_t extract[RANDOM_SEED_SIZE];
    library_enter();
    br_hmac_out((const br_hmac_context *)(const void *)pool, extract);
    start_hmac(&hmac, extract, sizeof extract);
    br_hmac_update(&hmac, purpose, text_length(purpose));
    br_hmac_update(&hmac, "\1", 1); /* the first block of HKDF's output is all of it */
    br_hmac_out(&hmac, seed);
    library_leave();
    random_wipe(extract, sizeof extract);
    random_wipe(&hmac, sizeof hmac);
}

static br_hmac_drbg_context *context_of(struct random *random)
{
    return (br_hmac_drbg_context *)(void *)random;
}

void random_start(struct random *random, const char *purpose, const void *seed, size_t size)
{
    library_enter();
    br_hmac_drbg_init(context_of(random), &br_sha256_vtable, purpose, text_length(purpose));
    br_hmac_drbg_update(context_of(random), seed, size);
    library_leave();
}

void random_bytes(struct random *random, void *to, size_t size)
{
    library_enter();
    br_hmac_drbg_generate(context_of(random), to, size);
    library_leave();
}

/* Numbers from the last, incomplete round of `limit` are thrown away: they would make the small results likelier. */
uint64_t random_below(struct random *random, uint64_t limit)
{
    uint64_t incomplete = (0 - limit) % limit, number;
    do
        random_bytes(random, &number, sizeof number);
    while (number < incomplete);
    return number % limit;
}

void random_wipe(void *secret, size_t size)
{
    memset(secret, 0, size);
    __asm__ volatile("" : : "r"(secret) : "memory");
}
