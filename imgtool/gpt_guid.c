#include "gpt_guid.h"

#include <stddef.h>
#include <uuid/uuid.h>

void gpt_guid_store(const uint8_t uuid[16], uint8_t guid[16])
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    for (size_t i = 0; i < sizeof order; i++)
        guid[i] = uuid[order[i]];
}

bool gpt_guid_parse(const char *text, uint8_t guid[16])
{
    uuid_t uuid;
    if (uuid_parse(text, uuid) != 0)
        return false;
    gpt_guid_store(uuid, guid);
    return true;
}
