#include "memory_source.h"

#include "bios.h"
#include "memory.h"

#define MEMORY_SOURCE_CALLS_MAX 65536u
#define VIDEO_MEMORY 0xa0000ull
#define INT_SYSTEM 0x15
#define E820 0xe820u
#define E820_SIGNATURE 0x534d4150u /* "SMAP" */
#define E820_SIZE_SHORT 20u
#define E820_SIZE_LONG 24u
#define E820_SIZE_ABSURD 1024u
#define E820_ATTRIBUTE_USED 1u
#define E801 0xe801u
#define E801_MIDDLE_MAX 0x3c00u /* KiB between 1 and 16 MiB */
#define EXTENDED_MEMORY 0x8800u

#define LOW_END_TOLD UINT32_MAX /* struct memory_cursor.calls */

#define KIB 1024ull
#define MIB (1024 * KIB)
#define OLD_ENTRIES_MAX 3
#define EBDA_LOWEST 0x8000u /* segments; a word at 40:0e outside is no EBDA */
#define EBDA_HIGHEST 0xa000u

struct e820_record {
    uint64_t phys, size;
    uint32_t type, attributes;
};
_Static_assert(sizeof(struct e820_record) == E820_SIZE_LONG, "ACPI 6.5, table 15-375");

enum e820_result { E820_ENTRY, E820_SKIP, E820_END, E820_BROKEN };

static bool old_calls; /* the list below is the source, not E820 */
static struct memory_entry old_entries[OLD_ENTRIES_MAX];
static uint32_t old_count;

/* One INT 15h E820. A chain ends with carry or with EBX = 0. An answer without "SMAP" or of impossible size spoils the
 * whole chain: nobody knows what it is then (seen by Linux). */
static enum e820_result e820_next(struct memory_cursor *cursor, struct memory_entry *entry)
{
    if (cursor->ended)
        return E820_END;
    if (cursor->calls++ == MEMORY_SOURCE_CALLS_MAX)
        return E820_BROKEN;
    /* The "used" bit is set before the call: some BIOSes say 24 bytes and write 20. */
    struct e820_record record = {.attributes = E820_ATTRIBUTE_USED};
    memcpy(transfer_buffer(), &record, sizeof record);
    struct bios_registers registers = {.eax = E820,
                                       .ebx = (uint32_t)cursor->place,
                                       .ecx = E820_SIZE_LONG,
                                       .edx = E820_SIGNATURE,
                                       .es = TRANSFER_SEGMENT};
    bios_interrupt(INT_SYSTEM, &registers);
    if (bios_failed(&registers))
        return cursor->calls == 1 ? E820_BROKEN : E820_END;
    if (registers.eax != E820_SIGNATURE || registers.ecx < E820_SIZE_SHORT || registers.ecx > E820_SIZE_ABSURD)
        return E820_BROKEN;
    cursor->place = registers.ebx;
    cursor->ended = registers.ebx == 0;
    memcpy(&record, transfer_buffer(), sizeof record);
    if (registers.ecx >= E820_SIZE_LONG && !(record.attributes & E820_ATTRIBUTE_USED))
        return E820_SKIP;
    if (record.size == 0)
        return E820_SKIP;
    *entry = (struct memory_entry){record.phys, record.size, memory_type_of_e820(record.type), record.type};
    return E820_ENTRY;
}

/* End of the memory below 640 KiB that is neither the BIOS's nor an option ROM's. */
static uint64_t low_end(void)
{
    const struct stage_handoff *handoff = bios_handoff();
    uint64_t end = handoff->low_memory_kib * KIB;
    uint64_t ebda = handoff->ebda_segment * 16ull;
    bool plausible = handoff->ebda_segment >= EBDA_LOWEST && handoff->ebda_segment < EBDA_HIGHEST;
    return plausible && ebda < end ? ebda : end;
}

static void old_add(uint64_t phys, uint64_t size)
{
    if (size > 0)
        old_entries[old_count++] = (struct memory_entry){phys, size, BOOT_MEMORY_USABLE, 1};
}

/* INT 15h E801: KiB from 1 to 16 MiB, then units of 64 KiB from 16 MiB. Some BIOSes answer in CX and DX alone, some
 * leave the registers as they were and the carry flag too. */
static bool ask_e801(void)
{
    struct bios_registers registers = {.eax = E801};
    bios_interrupt(INT_SYSTEM, &registers);
    uint32_t middle = registers.ecx & 0xffff, upper = registers.edx & 0xffff;
    if (middle == 0 && upper == 0) {
        middle = registers.eax & 0xffff;
        upper = registers.ebx & 0xffff;
    }
    if (bios_failed(&registers) || middle == 0 || middle > E801_MIDDLE_MAX)
        return false;
    old_add(MIB, middle * KIB);
    if (middle == E801_MIDDLE_MAX)
        old_add(16 * MIB, upper * 64 * KIB);
    return true;
}

/* INT 15h 88h: KiB from 1 MiB, at most 64 MiB. */
static bool ask_extended_memory(void)
{
    struct bios_registers registers = {.eax = EXTENDED_MEMORY};
    bios_interrupt(INT_SYSTEM, &registers);
    if (bios_failed(&registers) || (registers.eax & 0xffff) == 0)
        return false;
    old_add(MIB, (registers.eax & 0xffff) * KIB);
    return true;
}

static bool count_e820(uint32_t *count, bool *too_long)
{
    struct memory_cursor cursor = {0};
    struct memory_entry entry;
    *count = 0;
    for (;;) {
        switch (e820_next(&cursor, &entry)) {
        case E820_ENTRY:
            ++*count;
            break;
        case E820_SKIP:
            break;
        case E820_END:
            return *count > 0;
        case E820_BROKEN:
            *too_long = cursor.calls > MEMORY_SOURCE_CALLS_MAX;
            return false;
        }
    }
}

static enum status choose_source(uint32_t *count, struct error *error)
{
    bool too_long = false;
    if (count_e820(count, &too_long))
        return STATUS_OK;
    if (too_long)
        return error_set(error, STATUS_MAP_TOO_BIG, "INT 15h E820 never ends: %u entries read; update the firmware",
                         MEMORY_SOURCE_CALLS_MAX);
    old_calls = true;
    old_count = 0;
    old_add(0, low_end());
    if (!ask_e801() && !ask_extended_memory())
        return error_set(error, STATUS_NO_MEMORY_MAP,
                         "the BIOS tells nothing of its memory (INT 15h E820, E801, 88h): update the firmware");
    *count = old_count;
    return STATUS_OK;
}

enum status memory_source_start(uint32_t *count, struct error *error)
{
    enum status status = choose_source(count, error);
    ++*count; /* low memory's end */
    return status;
}

static bool next_told(struct memory_cursor *cursor, struct memory_entry *entry)
{
    if (old_calls) {
        cursor->ended = cursor->place == old_count;
        if (!cursor->ended)
            *entry = old_entries[cursor->place++];
        return !cursor->ended;
    }
    for (;;) {
        enum e820_result result = e820_next(cursor, entry);
        if (result != E820_SKIP)
            return result == E820_ENTRY;
    }
}

/* After what the BIOS tells comes what it may have forgotten there. */
bool memory_source_next(struct memory_cursor *cursor, struct memory_entry *entry)
{
    if (cursor->calls != LOW_END_TOLD && next_told(cursor, entry))
        return true;
    uint64_t end = low_end();
    bool first = cursor->calls != LOW_END_TOLD;
    cursor->calls = LOW_END_TOLD;
    *entry = (struct memory_entry){end, VIDEO_MEMORY - end, BOOT_MEMORY_RESERVED, UINT32_MAX};
    return first && end < VIDEO_MEMORY;
}

bool memory_source_in_use(unsigned index, uint64_t *phys, uint64_t *size)
{
    *phys = 0;
    *size = LOW_END;
    return index == 0;
}
