#include "size.h"

#include <stdio.h>
#include <string.h>

static const char units[] = "KMGT";

/* What follows the digits; -1: nothing that we know. Else how often to multiply by 1024. */
static int suffix_power(const char *suffix)
{
    if (*suffix == '\0')
        return 0;
    const char *unit = strchr(units, *suffix & ~0x20);
    if (unit == NULL || *unit == '\0' || (suffix[1] != '\0' && strcmp(suffix + 1, "iB") != 0))
        return -1;
    return (int)(unit - units) + 1;
}

bool size_parse(const char *text, uint64_t *bytes)
{
    uint64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(value, 10u, &value) || __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
            return false;
    int power = suffix_power(at);
    if (at == text || power < 0)
        return false;
    if (__builtin_mul_overflow(value, 1ull << (10 * power), &value) || value > INT64_MAX)
        return false;
    *bytes = value;
    return true;
}

char *size_text(uint64_t bytes, char *to, size_t room)
{
    size_t power = 0;
    while (power < sizeof units - 1 && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        power++;
    }
    if (power == 0)
        snprintf(to, room, "%lu bytes", bytes);
    else
        snprintf(to, room, "%lu %ciB", bytes, units[power - 1]);
    return to;
}

char *size_about(uint64_t bytes, char *to, size_t room)
{
    static const char all_units[] = "KMGTPE";
    size_t unit = 0;
    double value = (double)bytes;
    for (; value >= 1024 && unit < sizeof all_units - 1; unit++)
        value /= 1024;
    if (unit == 0)
        snprintf(to, room, "%lu bytes", bytes);
    else
        snprintf(to, room, "%.*f %ciB", value < 10 && value != (double)(uint64_t)value ? 1 : 0, value,
                 all_units[unit - 1]);
    return to;
}
