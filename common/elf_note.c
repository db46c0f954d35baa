#include "elf_format.h"
#include "elf_plan.h"
#include "memory.h"

struct note {
    uint32_t type;
    struct span name, descriptor;
    uint64_t next; /* offset of the following note */
};

/* Reads the note at `offset`. The padding behind the last descriptor may be missing. */
static bool read_note(struct span notes, uint64_t offset, uint32_t alignment, struct note *note)
{
    struct elf_note_header header;
    struct span bytes;
    if (!span_part(notes, offset, sizeof header, &bytes))
        return false;
    memcpy(&header, bytes.data, sizeof header);

    /* Sizes have 32 bits and the span lies in memory: no sum here comes near 2^64. */
    uint64_t name = offset + sizeof header;
    uint64_t descriptor = align_down(name + header.name_size + (alignment - 1), alignment);
    if (!span_part(notes, name, header.name_size, &note->name))
        return false;
    if (header.descriptor_size == 0 && descriptor > notes.size)
        descriptor = notes.size;
    if (!span_part(notes, descriptor, header.descriptor_size, &note->descriptor))
        return false;
    note->type = header.type;
    note->next = align_down(descriptor + header.descriptor_size + (alignment - 1), alignment);
    return true;
}

/* `name` is in the note with its NUL; some tools leave that out. */
static bool has_name(const struct note *note, const char *name)
{
    uint64_t i = 0;
    for (; name[i] != '\0'; i++)
        if (i == note->name.size || note->name.data[i] != (uint8_t)name[i])
            return false;
    return i == note->name.size || (i + 1 == note->name.size && note->name.data[i] == 0);
}

enum status elf_note_find(struct span notes, uint32_t alignment, const char *name, uint32_t type,
                          struct span *descriptor, struct error *error)
{
    struct note note;
    for (uint64_t offset = 0; offset < notes.size; offset = note.next) {
        if (!read_note(notes, offset, alignment, &note))
            return error_set(error, STATUS_ELF_NOTE, "the note at byte %llu of a %llu byte PT_NOTE does not fit there",
                             (unsigned long long)offset, (unsigned long long)notes.size);
        if (note.type == type && has_name(&note, name)) {
            *descriptor = note.descriptor;
            return STATUS_OK;
        }
    }
    *descriptor = (struct span){0};
    return STATUS_OK;
}
