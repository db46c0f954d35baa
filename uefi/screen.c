/* Text on the firmware's console. */
#include "gop.h"

#include "utf.h"

#define CHUNK 80

static const EFI_GUID text_guid = EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL_GUID;

/* The display's own console: ConOut may repeat on the serial line, to which the log writes by itself. */
static SIMPLE_TEXT_OUTPUT_INTERFACE *find_console(void)
{
    EFI_HANDLE display = NULL;
    SIMPLE_TEXT_OUTPUT_INTERFACE *console = NULL;
    if (gop_find(&display) != NULL)
        console = services_protocol(display, &text_guid);
    return console != NULL ? console : services.system->ConOut;
}

static void put(SIMPLE_TEXT_OUTPUT_INTERFACE *console, CHAR16 *text, size_t *length)
{
    SIMPLE_TEXT_OUTPUT_INTERFACE *all = services.system->ConOut;
    text[*length] = 0;
    if (EFI_ERROR(efi_call(console->OutputString(console, text))) && all != NULL && all != console)
        efi_call(all->OutputString(all, text)); /* the display's has no mode yet, perhaps */
    *length = 0;
}

void firmware_screen_write(const char *text, size_t size)
{
    if (services.phase != SERVICES_RUNNING || services.system == NULL)
        return;
    SIMPLE_TEXT_OUTPUT_INTERFACE *console = find_console();
    if (console == NULL)
        return;
    const char *const end = text + size;
    CHAR16 line[CHUNK + 3];
    size_t length = 0;
    while (text < end) {
        uint32_t character;
        if (!utf8_take(&text, end, &character)) {
            text++;
            character = '?';
        }
        if (character == '\n')
            line[length++] = '\r';
        line[length++] = character <= UINT16_MAX ? (CHAR16)character : '?';
        if (length >= CHUNK)
            put(console, line, &length);
    }
    if (length > 0)
        put(console, line, &length);
}
