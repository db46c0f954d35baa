/* The bytes of a PT_NOTE, behind one byte that chooses the alignment and the kind of kernel: notes are found, wishes
 * taken. */
#include "fuzz.h"

#include "kernel_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct kernel_plan plan;
    struct error error;
    struct span descriptor;
    if (size == 0)
        return 0;
    const struct span notes = {.data = data + 1, .size = size - 1};
    uint32_t alignment = (data[0] & 1) != 0 ? 8 : 4;
    enum status status = elf_note_find(notes, alignment, BOOT_NOTE_NAME, BOOT_NOTE_CONFIG, &descriptor, &error);
    if (status != STATUS_OK) {
        fuzz_expect_sentence(status, &error);
        return 0;
    }
    if (descriptor.data == NULL)
        return 0;
    FUZZ_ASSERT(descriptor.data >= notes.data && descriptor.size <= notes.size);
    FUZZ_ASSERT((uint64_t)(descriptor.data - notes.data) <= notes.size - descriptor.size);

    bool allow_wx;
    plan.elf = (struct elf_plan){
        .relocatable = (data[0] & 2) != 0, .lowest = 0x1000, .highest = 0x205000, .alignment = 0x1000};
    status = kernel_wishes_native(descriptor, &plan, &allow_wx, &error);
    if (status != STATUS_OK)
        fuzz_expect_sentence(status, &error);
    return 0;
}
