/* The firmware's random numbers, from firmware that has none, fails, or gives them. */
#include "../cmocka_all.h"

#include "services.h"

#include <string.h>

static EFI_STATUS locate_status, generate_status;
static bool null_interface;
static unsigned generated;

static EFI_STATUS EFIAPI generate(EFI_RNG_PROTOCOL *this, EFI_RNG_ALGORITHM *algorithm, UINTN size, UINT8 *to)
{
    assert_non_null(this);
    assert_null(algorithm); /* the firmware knows which of its own is best */
    generated++;
    memset(to, 0x5a, size / 2);
    if (!EFI_ERROR(generate_status))
        memset(to, 0xa5, size);
    return generate_status;
}

static EFI_RNG_PROTOCOL generator = {.GetRNG = generate};

static EFI_STATUS EFIAPI locate(EFI_GUID *protocol, VOID *registration, VOID **interface)
{
    static const EFI_GUID wanted = EFI_RNG_PROTOCOL_GUID;
    assert_null(registration);
    assert_memory_equal(protocol, &wanted, sizeof wanted);
    if (!EFI_ERROR(locate_status))
        *interface = null_interface ? NULL : &generator;
    return locate_status;
}

static EFI_BOOT_SERVICES boot_services = {.LocateProtocol = locate};

static int reset(void **state)
{
    (void)state;
    memset(&services, 0, sizeof services);
    services.boot = &boot_services;
    locate_status = generate_status = EFI_SUCCESS;
    null_interface = false;
    generated = 0;
    return 0;
}

static void a_generator_fills_all(void **state)
{
    (void)state;
    uint8_t bytes[33] = {0}, wanted[33];
    memset(wanted, 0xa5, 32);
    wanted[32] = 0;
    assert_int_equal(firmware_random(bytes, 32), 32);
    assert_memory_equal(bytes, wanted, sizeof bytes);
    assert_int_equal(services.stats.calls, 2);
}

static void firmware_without_one_gives_nothing(void **state)
{
    (void)state;
    uint8_t bytes[32];
    locate_status = EFI_NOT_FOUND;
    assert_int_equal(firmware_random(bytes, sizeof bytes), 0);
    reset(NULL);
    null_interface = true; /* success, and yet no interface: then it must not be called */
    assert_int_equal(firmware_random(bytes, sizeof bytes), 0);
    assert_int_equal(generated, 0);
}

static void a_generator_that_fails_gives_nothing(void **state)
{
    (void)state;
    static const EFI_STATUS failures[] = {EFI_NOT_READY, EFI_DEVICE_ERROR, EFI_UNSUPPORTED};
    uint8_t bytes[32];
    for (size_t i = 0; i < ARRAY_LENGTH(failures); i++) {
        generate_status = failures[i];
        assert_int_equal(firmware_random(bytes, sizeof bytes), 0);
    }
    assert_int_equal(generated, ARRAY_LENGTH(failures));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_generator_fills_all, reset),
        cmocka_unit_test_setup(firmware_without_one_gives_nothing, reset),
        cmocka_unit_test_setup(a_generator_that_fails_gives_nothing, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
