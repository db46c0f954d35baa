/* common/random.c: its seeds against nettle's HKDF, its stream against HMAC-DRBG written once more on nettle's HMAC,
 * and its numbers below a limit. */
#include "cmocka_all.h"

#include "random.h"

#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <string.h>

/* NIST SP 800-90A, 10.1.2. */
static uint8_t key[32], value[32];

static void keyed(const void *a, size_t a_size, const void *b, size_t b_size, uint8_t out[32])
{
    struct hmac_sha256_ctx context;
    hmac_sha256_set_key(&context, sizeof key, key);
    hmac_sha256_update(&context, a_size, a);
    hmac_sha256_update(&context, b_size, b);
    hmac_sha256_digest(&context, 32, out);
}

static void update(const void *bytes, size_t size)
{
    uint8_t input[33];
    for (unsigned round = 0; round < (size > 0 ? 2 : 1); round++) {
        memcpy(input, value, sizeof value);
        input[32] = (uint8_t)round;
        keyed(input, sizeof input, bytes, size, key);
        keyed(value, sizeof value, "", 0, value);
    }
}

static void generate(uint8_t *to, size_t size)
{
    while (size > 0) {
        size_t part = size < sizeof value ? size : sizeof value;
        keyed(value, sizeof value, "", 0, value);
        memcpy(to, value, part);
        to += part;
        size -= part;
    }
    update("", 0);
}

static void start(const char *purpose, const void *seed, size_t size)
{
    memset(key, 0, sizeof key);
    memset(value, 1, sizeof value);
    update(purpose, strlen(purpose));
    update(seed, size);
}

/* Begins without salt, which stands for as many zeroes as the hash has bytes. */
static void judge_seed(size_t size, const uint8_t *bytes, const char *purpose, uint8_t seed[32])
{
    static const uint8_t salt[32];
    struct hmac_sha256_ctx context;
    uint8_t extracted[32];
    hmac_sha256_set_key(&context, sizeof salt, salt);
    hkdf_extract(&context, (nettle_hash_update_func *)hmac_sha256_update, (nettle_hash_digest_func *)hmac_sha256_digest,
                 32, size, bytes, extracted);
    hmac_sha256_set_key(&context, sizeof extracted, extracted);
    hkdf_expand(&context, (nettle_hash_update_func *)hmac_sha256_update, (nettle_hash_digest_func *)hmac_sha256_digest,
                32, strlen(purpose), (const uint8_t *)purpose, 32, seed);
}

static void seeds_are_hkdf(void **state)
{
    (void)state;
    static const char *const purposes[] = {"", "one",
                                           "another purpose, as long as more than a block of the hash has bytes"};
    uint8_t bytes[5000], found[32], wanted[32], first[32];
    struct random_pool pool;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 41 + 5);
    for (size_t size = 0; size < sizeof bytes; size += 1 + size / 3) {
        random_pool_start(&pool);
        random_pool_add(&pool, bytes, size / 2); /* in two parts */
        random_pool_add(&pool, bytes + size / 2, size - size / 2);
        for (size_t i = 0; i < ARRAY_LENGTH(purposes); i++) {
            random_pool_seed(&pool, purposes[i], found);
            judge_seed(size, bytes, purposes[i], wanted);
            assert_memory_equal(found, wanted, sizeof found);
        }
        random_pool_seed(&pool, purposes[0], first); /* nothing was used up */
        assert_memory_not_equal(first, found, sizeof first);
        judge_seed(size, bytes, purposes[0], wanted);
        assert_memory_equal(first, wanted, sizeof first);
    }
}

static void the_stream_is_hmac_drbg(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 8, 31, 32, 33, 64, 100};
    uint8_t seed[100], found[100], wanted[100];
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)(i * 37 + 11);
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        struct random random;
        random_start(&random, "a purpose", seed, sizes[i]);
        start("a purpose", seed, sizes[i]);
        for (size_t k = 0; k < ARRAY_LENGTH(sizes); k++) {
            memset(found, 0, sizeof found);
            memset(wanted, 0, sizeof wanted);
            random_bytes(&random, found, sizes[k]);
            generate(wanted, sizes[k]);
            assert_memory_equal(found, wanted, sizeof found);
        }
    }
}

static void purposes_make_streams_of_their_own(void **state)
{
    (void)state;
    struct random one, other;
    uint8_t a[32], b[32];
    random_start(&one, "one", "seed", 4);
    random_start(&other, "other", "seed", 4);
    random_bytes(&one, a, sizeof a);
    random_bytes(&other, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void numbers_stay_below_the_limit(void **state)
{
    (void)state;
    static const uint64_t limits[] = {1, 2, 3, 10, 1000, 1ull << 35, (1ull << 63) + 1, UINT64_MAX};
    struct random random;
    random_start(&random, "test", "", 0);
    for (size_t i = 0; i < ARRAY_LENGTH(limits); i++)
        for (unsigned k = 0; k < 200; k++)
            assert_true(random_below(&random, limits[i]) < limits[i]);
}

/* Of 64-bit numbers, two thirds of them remain below this limit by chance alone, were they not drawn again. */
static void no_number_is_likelier(void **state)
{
    (void)state;
    const uint64_t limit = 3ull << 62;
    unsigned thirds[3] = {0};
    struct random random;
    random_start(&random, "test", "", 0);
    for (unsigned i = 0; i < 3000; i++)
        thirds[random_below(&random, limit) >> 62]++;
    for (unsigned i = 0; i < 3; i++)
        assert_in_range(thirds[i], 900, 1100); /* 1000, and four times the standard deviation of 26 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_are_hkdf),
        cmocka_unit_test(the_stream_is_hmac_drbg),
        cmocka_unit_test(purposes_make_streams_of_their_own),
        cmocka_unit_test(numbers_stay_below_the_limit),
        cmocka_unit_test(no_number_is_likelier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
