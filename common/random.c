#include "random.h"

#include "library.h"
#include "text.h"

#include <bearssl/bearssl_rand.h>

_Static_assert(sizeof(br_hmac_drbg_context) == sizeof(struct random), "struct random holds BearSSL's state");
_Static_assert(_Alignof(br_hmac_drbg_context) <= _Alignof(struct random), "struct random holds BearSSL's state");

static br_hmac_drbg_context *context_of(struct random *random)
{
    return (br_hmac_drbg_context *)(void *)random;
}

void random_start(struct random *random, const char *purpose, const void *seed, size_t size)
{
    library_enter();
    if (purpose == NULL) {
        br_hmac_drbg_init(context_of(random), &br_sha256_vtable, seed, size);
    } else {
        br_hmac_drbg_init(context_of(random), &br_sha256_vtable, purpose, text_length(purpose));
        br_hmac_drbg_update(context_of(random), seed, size);
    }
    library_leave();
}

void random_mix(struct random *random, const void *bytes, size_t size)
{
    library_enter();
    br_hmac_drbg_update(context_of(random), bytes, size);
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
