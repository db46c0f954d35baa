/* The line that a loader writes for imgtool run --timeline; a hostile guest may write anything. */
#include "../imgtool/timeline.h"
#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct timeline timeline;
    char text[1025];
    size = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, data, size);
    text[size] = '\0';
    if (!timeline_parse(text, &timeline))
        return 0;
    FUZZ_ASSERT(timeline.count > 0 && timeline.count <= TIMELINE_EVENTS_MAX);
    FUZZ_ASSERT(strchr(text, '\n') != NULL);
    for (size_t i = 0; i < timeline.count; i++)
        FUZZ_ASSERT(timeline_phase_name(timeline.events[i].phase)[0] != '\0');
    return 0;
}
