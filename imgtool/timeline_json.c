#include "json.h"
#include "timeline.h"

#include <stagecoach/boot.h>

#include <stdio.h>

#define SHOWN_WIDTH 48u /* columns */

void timeline_print_json(const struct timeline *timeline)
{
    struct json_object *document = json_document("timeline"), *events = json_array_in(document, "events");
    json_text(document, "firmware",
              timeline->firmware == BOOT_FIRMWARE_BIOS   ? "bios"
              : timeline->firmware == BOOT_FIRMWARE_UEFI ? "uefi"
                                                         : "none");
    json_number(document, "tsc_hz", timeline->tsc_hz);
    for (size_t i = 0; i < timeline->count; i++) {
        struct json_object *event = json_object_append(events);
        json_text(event, "phase", timeline_phase_name(timeline->events[i].phase));
        json_number(event, "tsc", timeline->events[i].tsc);
        json_number(event, "firmware_calls", timeline->events[i].calls);
        json_number(event, "bytes_read", timeline->events[i].bytes);
    }
    json_finish(document);
}

bool timeline_show(const char *path, bool as_json)
{
    static struct timeline found;
    char text[4096] = "";
    FILE *file = fopen(path, "re");
    bool read = file != NULL && fgets(text, sizeof text, file) != NULL;
    if (file != NULL)
        fclose(file);
    if (!read || !timeline_parse(text, &found))
        return false;
    if (as_json)
        timeline_print_json(&found);
    else
        timeline_print(&found, SHOWN_WIDTH);
    return true;
}
