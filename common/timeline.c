#include "timeline.h"

#include "cpu.h"
#include "firmware.h"
#include "format.h"
#include "serial.h"

static struct boot_event events[TIMELINE_CAPACITY];
static size_t event_count;

static void record(enum boot_phase phase, uint64_t tsc)
{
    if (event_count == TIMELINE_CAPACITY)
        return;
    struct firmware_stats stats = firmware_stats();
    events[event_count++] = (struct boot_event){(uint32_t)phase, (uint32_t)stats.calls, tsc, stats.bytes_read};
}

void timeline_start(uint64_t entry_tsc)
{
    event_count = 0;
    record(BOOT_PHASE_ENTRY, entry_tsc);
}

void timeline_mark(enum boot_phase phase)
{
    record(phase, cpu_tsc());
}

size_t timeline_copy(struct boot_event *copy, size_t capacity)
{
    size_t count = event_count < capacity ? event_count : capacity;
    for (size_t i = 0; i < count; i++)
        copy[i] = events[i];
    return count;
}

void timeline_report(void)
{
    static char text[TIMELINE_CAPACITY * 64];
    if (!timeline_port_listens())
        return;
    size_t size = format(text, sizeof text, "TIMELINE 1 %u %llu", firmware_identity()->firmware,
                         (unsigned long long)cpu_tsc_hz());
    for (size_t i = 0; i < event_count; i++)
        size += format(text + size, sizeof text - size, " %u %llu %u %llu", events[i].phase,
                       (unsigned long long)events[i].tsc, events[i].firmware_calls,
                       (unsigned long long)events[i].bytes_read);
    timeline_port_write(text, size);
    timeline_port_write("\n", 1);
}
