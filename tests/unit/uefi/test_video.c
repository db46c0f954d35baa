/* A display's EDID as firmware has it: of odd length, damaged, in either of two places. */
#include "../cmocka_all.h"

#include "services.h"
#include "video.h"

#include <stdlib.h>
#include <string.h>

static EFI_HANDLE const display = (EFI_HANDLE)1;
static EFI_EDID_ACTIVE_PROTOCOL active, discovered; /* both have the same fields */

/* --- firmware with one display ----------------------------------------------------------------------------------- */

static EFI_STATUS EFIAPI query_mode(EFI_GRAPHICS_OUTPUT_PROTOCOL *this, UINT32 mode, UINTN *size,
                                    EFI_GRAPHICS_OUTPUT_MODE_INFORMATION **information)
{
    (void)this;
    assert_int_equal(mode, 0);
    *size = sizeof **information;
    *information = malloc(*size);
    assert_non_null(*information);
    **information = (EFI_GRAPHICS_OUTPUT_MODE_INFORMATION){.HorizontalResolution = 800,
                                                           .VerticalResolution = 600,
                                                           .PixelFormat = PixelBlueGreenRedReserved8BitPerColor,
                                                           .PixelsPerScanLine = 800};
    return EFI_SUCCESS;
}

static EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE gop_mode = {.MaxMode = 1, .FrameBufferBase = 0x80000000};
static EFI_GRAPHICS_OUTPUT_PROTOCOL gop = {.QueryMode = query_mode, .Mode = &gop_mode};

static EFI_STATUS EFIAPI handle_protocol(EFI_HANDLE handle, EFI_GUID *guid, VOID **interface)
{
    static const EFI_GUID gop_guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID, active_guid = EFI_EDID_ACTIVE_PROTOCOL_GUID,
                          discovered_guid = EFI_EDID_DISCOVERED_PROTOCOL_GUID;
    assert_ptr_equal(handle, display);
    if (memcmp(guid, &gop_guid, sizeof gop_guid) == 0)
        *interface = &gop;
    else if (memcmp(guid, &active_guid, sizeof active_guid) == 0)
        *interface = &active;
    else if (memcmp(guid, &discovered_guid, sizeof discovered_guid) == 0)
        *interface = &discovered;
    else
        return EFI_UNSUPPORTED;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI locate_handle_buffer(EFI_LOCATE_SEARCH_TYPE type, EFI_GUID *guid, VOID *key, UINTN *count,
                                              EFI_HANDLE **handles)
{
    (void)type;
    (void)guid;
    (void)key;
    *handles = malloc(sizeof **handles);
    assert_non_null(*handles);
    **handles = display;
    *count = 1;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI free_pool(VOID *memory)
{
    free(memory);
    return EFI_SUCCESS;
}

static EFI_BOOT_SERVICES boot = {
    .HandleProtocol = handle_protocol, .LocateHandleBuffer = locate_handle_buffer, .FreePool = free_pool};
static EFI_SYSTEM_TABLE table = {.BootServices = &boot};

/* --- EDID -------------------------------------------------------------------------------------------------------- */

static void fix_checksum(uint8_t *block)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < 127; i++)
        sum = (uint8_t)(sum + block[i]);
    block[127] = (uint8_t)-sum;
}

/* `size` bytes, in memory of their own; of the base block one is changed if `damaged`. */
static void give(EFI_EDID_ACTIVE_PROTOCOL *protocol, uint32_t size, uint8_t extensions, bool damaged)
{
    static uint8_t edid[512];
    memset(edid, 0, sizeof edid);
    memset(edid + 1, 0xff, 6);
    edid[126] = extensions;
    for (size_t at = 0; at < sizeof edid; at += 128) {
        edid[at + 12] = (uint8_t)(at + 1);
        fix_checksum(edid + at);
    }
    edid[20] ^= damaged;
    free(protocol->Edid);
    protocol->SizeOfEdid = size;
    protocol->Edid = size != 0 ? malloc(size) : NULL;
    if (size != 0)
        memcpy(protocol->Edid, edid, size);
}

static void only_whole_and_sound_blocks_count(void **state)
{
    static const struct {
        uint32_t size;
        uint8_t extensions;
        bool damaged;
        uint32_t expected;
    } cases[] = {
        {0, 0, false, 0},     {64, 0, false, 0},    {128, 0, false, 128}, {200, 0, false, 128},
        {255, 1, false, 128}, {256, 1, false, 256}, {256, 0, false, 128}, {384, 1, false, 256},
        {384, 7, false, 384}, {128, 0, true, 0},    {256, 1, true, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint8_t edid[512];
        give(&active, cases[i].size, cases[i].extensions, cases[i].damaged);
        give(&discovered, 0, 0, false);
        assert_int_equal(firmware_edid(edid, sizeof edid), cases[i].expected);
        if (cases[i].expected != 0)
            assert_memory_equal(edid, active.Edid, cases[i].expected);
    }
}

static void the_second_place_helps_where_the_first_is_damaged(void **state)
{
    uint8_t edid[512];
    (void)state;
    give(&active, 128, 0, true);
    give(&discovered, 256, 1, false);
    assert_int_equal(firmware_edid(edid, sizeof edid), 256);
    assert_int_equal(firmware_edid(edid, 140), 128); /* as much as there is room for */
}

static int take_back(void **state)
{
    (void)state;
    give(&active, 0, 0, false);
    give(&discovered, 0, 0, false);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_whole_and_sound_blocks_count),
        cmocka_unit_test(the_second_place_helps_where_the_first_is_damaged),
    };
    services_start((EFI_HANDLE)2, &table);
    return cmocka_run_group_tests(tests, NULL, take_back);
}
