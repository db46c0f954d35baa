#include "status.h"

const char *status_text(enum status status)
{
    static const struct {
        enum status status;
        const char *text;
    } texts[] = {
#define STATUS_TEXT(name, number, text) {STATUS_##name, text},
        STATUS_LIST(STATUS_TEXT)
#undef STATUS_TEXT
    };
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "unknown status";
}
