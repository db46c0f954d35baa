/* Text on the firmware's console. */
#include "services.h"

#include "utf.h"

#define CHUNK 80

static void put(CHAR16 *text, size_t *length)
{
    text[*length] = 0;
    efi_call(services.system->ConOut->OutputString(services.system->ConOut, text));
    *length = 0;
}

void firmware_screen_write(const char *text, size_t size)
{
    if (services.phase != SERVICES_RUNNING || services.system == NULL || services.system->ConOut == NULL)
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
            put(line, &length);
    }
    if (length > 0)
        put(line, &length);
}
