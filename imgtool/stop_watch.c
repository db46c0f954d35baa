#include "stop_watch.h"

#include <stdlib.h>
#include <string.h>

#define MARK "BOOT-ERR "
#define FLAG_INTERRUPTS 0x200u
#define SAMPLES_WANTED 4 /* in a row; a loop that waits for a device is seen at several addresses */

static void take_line(struct stop_watch *watch)
{
    watch->line[watch->line_size] = '\0';
    watch->line_size = 0;
    const char *mark = strstr(watch->line, MARK);
    if (mark && !watch->error[0])
        memcpy(watch->error, mark, strlen(mark) + 1);
}

void stop_watch_output(struct stop_watch *watch, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n' || bytes[i] == '\r')
            take_line(watch);
        else if (bytes[i] && watch->line_size + 1 < sizeof watch->line)
            watch->line[watch->line_size++] = bytes[i];
    }
}

/* The number behind NAME=, of any of two names: QEMU calls a register by its width in the current mode. */
static bool find_register(const char *text, const char *name, const char *other_name, uint64_t *value)
{
    const char *found = strstr(text, name);
    if (!found)
        found = strstr(text, other_name);
    if (!found)
        return false;
    *value = strtoull(found + strlen(name), NULL, 16);
    return true;
}

bool stop_watch_registers(struct stop_watch *watch, const char *text)
{
    uint64_t address, flags;
    if (!find_register(text, "RIP=", "EIP=", &address) || !find_register(text, "RFL=", "EFL=", &flags))
        return false;
    bool still = !(flags & FLAG_INTERRUPTS) && (!watch->equal_samples || address == watch->address);
    watch->address = address;
    watch->equal_samples = still ? watch->equal_samples + 1 : 0;
    return watch->equal_samples >= SAMPLES_WANTED;
}
