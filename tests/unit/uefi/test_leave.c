/* The end of boot services, with and without a network to stop before, on a firmware that refuses at first. */
#include "../cmocka_all.h"

#include "firmware.h"
#include "network.h"

#include <signal.h>
#include <string.h>
#include <ucontext.h>

#define CLI 0xfau /* what a process may not do */
#define MAP_KEY 77u

static struct fake {
    char calls[64]; /* S: PXE stopped; M: map read; X: boot services left */
    EFI_STATUS stop_status;
    unsigned refusals;
} fake;

static void note(char call)
{
    const size_t count = strlen(fake.calls);
    assert_true(count + 1 < sizeof fake.calls);
    fake.calls[count] = call;
}

/* --- the firmware ------------------------------------------------------------------------------------------------ */

static EFI_STATUS EFIAPI stop(EFI_PXE_BASE_CODE *this)
{
    assert_non_null(this);
    note('S');
    return fake.stop_status;
}

static EFI_PXE_BASE_CODE_MODE mode;
static EFI_PXE_BASE_CODE pxe = {.Stop = stop, .Mode = &mode};

static EFI_STATUS EFIAPI handle_protocol(EFI_HANDLE handle, EFI_GUID *guid, VOID **interface)
{
    (void)handle;
    (void)guid;
    *interface = &pxe;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI create_event(UINT32 type, EFI_TPL level, EFI_EVENT_NOTIFY notify, VOID *context,
                                      EFI_EVENT *event)
{
    assert_true(type == EVT_TIMER && level == TPL_CALLBACK && notify == NULL && context == NULL);
    *event = (EFI_EVENT)1;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI get_memory_map(UINTN *size, EFI_MEMORY_DESCRIPTOR *map, UINTN *key, UINTN *step,
                                        UINT32 *version)
{
    const EFI_MEMORY_DESCRIPTOR descriptor = {
        .Type = EfiConventionalMemory, .PhysicalStart = 1 << 20, .NumberOfPages = 16, .Attribute = EFI_MEMORY_WB};
    assert_true(*size >= sizeof descriptor);
    note('M');
    memcpy(map, &descriptor, sizeof descriptor);
    *size = *step = sizeof descriptor;
    *key = MAP_KEY;
    *version = EFI_MEMORY_DESCRIPTOR_VERSION;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI exit_boot_services(EFI_HANDLE image, UINTN key)
{
    (void)image;
    assert_int_equal(key, MAP_KEY);
    note('X');
    return fake.refusals-- > 0 ? EFI_INVALID_PARAMETER : EFI_SUCCESS;
}

void *firmware_map(uint64_t phys, uint64_t size)
{
    (void)size;
    return (void *)(uintptr_t)phys;
}

/* --- the machine ------------------------------------------------------------------------------------------------- */

static void skip_cli(int number, siginfo_t *information, void *context)
{
    greg_t *at = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    (void)information;
    if (*(const uint8_t *)*at == CLI)
        ++*at;
    else
        signal(number, SIG_DFL);
}

static int start(void **state)
{
    static EFI_BOOT_SERVICES boot = {.HandleProtocol = handle_protocol,
                                     .CreateEvent = create_event,
                                     .GetMemoryMap = get_memory_map,
                                     .ExitBootServices = exit_boot_services};
    static EFI_SYSTEM_TABLE system = {.BootServices = &boot};
    /* RFC 2131: an answer, its server, the file; the options' magic number and their end. */
    static const struct {
        uint16_t offset;
        uint8_t byte;
    } acknowledgement[] = {{0, 2},      {1, 1},      {2, 6},      {20, 10},    {23, 2},    {108, 'f'},
                           {236, 0x63}, {237, 0x82}, {238, 0x53}, {239, 0x63}, {240, 0xff}};
    (void)state;
    memset(&fake, 0, sizeof fake);
    memset(&mode, 0, sizeof mode);
    mode.Started = mode.DhcpAckReceived = TRUE;
    for (size_t i = 0; i < ARRAY_LENGTH(acknowledgement); i++)
        mode.DhcpAck.Raw[acknowledgement[i].offset] = acknowledgement[i].byte;
    services = (struct services){0};
    services_start(NULL, &system);
    return 0;
}

static void leave(enum status wanted)
{
    const struct sigaction action = {.sa_sigaction = skip_cli, .sa_flags = SA_SIGINFO};
    uint8_t raw[4096];
    struct boot_memory_region regions[8];
    struct memmap map = {regions, 0, ARRAY_LENGTH(regions)};
    struct boot_efi efi = {.memory_map_phys = (uintptr_t)raw, .memory_map_size = sizeof raw};
    struct error error;
    assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0); /* cmocka has its own until the test has begun */
    assert_int_equal(firmware_leave(&map, &efi, &error), wanted);
}

static void start_network(void)
{
    struct error error;
    assert_true(network_is_source((EFI_HANDLE)1));
    assert_int_equal(network_start((EFI_HANDLE)1, &error), STATUS_OK);
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

static void map_is_read_before_each_try(void **state)
{
    (void)state;
    fake.refusals = 2;
    leave(STATUS_OK);
    assert_string_equal(fake.calls, "MXMXMX");
    assert_int_equal(services.phase, SERVICES_LEFT);
}

static void refusal_for_ever_is_told(void **state)
{
    (void)state;
    fake.refusals = 1000;
    leave(STATUS_LEAVE_REFUSED);
    assert_string_equal(fake.calls, "MXMXMXMXMXMXMXMX");
}

/* Once, and before the map is read that stopping it may change. */
static void network_is_stopped_first(void **state)
{
    (void)state;
    start_network();
    fake.refusals = 1;
    leave(STATUS_OK);
    assert_string_equal(fake.calls, "SMXMX");
}

static void network_that_will_not_stop_is_left(void **state)
{
    (void)state;
    start_network();
    fake.stop_status = EFI_DEVICE_ERROR;
    leave(STATUS_OK);
    assert_string_equal(fake.calls, "SMX");
    network_stop();
    assert_string_equal(fake.calls, "SMX");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(map_is_read_before_each_try, start),
        cmocka_unit_test_setup(refusal_for_ever_is_told, start),
        cmocka_unit_test_setup(network_is_stopped_first, start),
        cmocka_unit_test_setup(network_that_will_not_stop_is_left, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
