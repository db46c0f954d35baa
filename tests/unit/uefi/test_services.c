/* Names of the firmware's errors. */
#include "../cmocka_all.h"

#include "services.h"

static void errors_have_names(void **state)
{
    (void)state;
    static const struct {
        EFI_STATUS status;
        const char *name;
    } names[] = {
        {EFI_SUCCESS, "EFI_SUCCESS"},
        {EFI_LOAD_ERROR, "EFI_LOAD_ERROR"},
        {EFI_DEVICE_ERROR, "EFI_DEVICE_ERROR"},
        {EFI_OUT_OF_RESOURCES, "EFI_OUT_OF_RESOURCES"},
        {EFI_NOT_FOUND, "EFI_NOT_FOUND"},
        {EFI_TIMEOUT, "EFI_TIMEOUT"},
        {EFI_SECURITY_VIOLATION, "EFI_SECURITY_VIOLATION"},
        {EFI_END_OF_MEDIA, "EFI_END_OF_MEDIA"},
        {EFI_END_OF_FILE, "EFI_END_OF_FILE"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        assert_string_equal(efi_status_name(names[i].status), names[i].name);
}

static void other_numbers_have_none(void **state)
{
    (void)state;
    const EFI_STATUS error = EFI_LOAD_ERROR - 1;
    const EFI_STATUS others[] = {1, 2, error, error + 29, error + 30, error + 32, error + 1000, ~error, ~(EFI_STATUS)0};
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        assert_string_equal(efi_status_name(others[i]), "an unknown EFI error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_have_names),
        cmocka_unit_test(other_numbers_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
