/* A loader with nothing but the handoff in it, and a kernel that looks at what it was handed. Both are this one
 * program, the kernel mapped once more at the top of the address space. Words on the command line: la57      run the
 * loader with 5-level page tables (start.asm) collide   the kernel has the blob where the loader's switch code lies low
 * ... and where the blob itself lies fault=X   the kernel does X instead of looking: see kernel.c; where X is screen,
 * the framebuffer is not mapped */
#include "test.h"

#include "checked.h"
#include "cpu.h"
#include "firmware.h"
#include "format.h"
#include "handoff.h"
#include "memory.h"
#include "serial.h"

extern char image_start[], image_data[], image_end[]; /* link.ld: code, then data, whole pages */
extern const uint8_t handoff_switch[];
void kernel_entry(void);
void main(const char *command_line);

static char words[256]; /* a copy that the kernel can see */
struct handoff test_handoff;

static size_t length_of(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0')
        length++;
    return length;
}

void test_print(const char *text)
{
    debugcon_write(text, length_of(text));
}

bool test_wants(const char *word)
{
    size_t length = length_of(word);
    for (const char *at = words; *at != '\0'; at++)
        if (memcmp(at, word, length) == 0)
            return true;
    return false;
}

void *firmware_map(uint64_t phys, uint64_t size)
{
    (void)size;
    return (void *)(uintptr_t)phys;
}

static enum status map_kernel(struct paging *paging, struct error *error)
{
    const uint64_t start = (uintptr_t)image_start, data = (uintptr_t)image_data, end = (uintptr_t)image_end;
    const uint64_t code_size = handoff_code_size();
    const struct paging_mapping mappings[] = {
        {start + TEST_KERNEL, start, data - start, false, true, PAGING_WRITE_BACK, "code"},
        {data + TEST_KERNEL, data, end - data, true, false, PAGING_WRITE_BACK, "data"},
        {TEST_STACK, TEST_STACK_PHYS, TEST_STACK_SIZE, true, false, PAGING_WRITE_BACK, "stack"},
        {test_wants("fault=screen") ? TEST_ELSEWHERE : TEST_PIXELS, TEST_PIXELS_PHYS, TEST_PIXELS_SIZE, true, false,
         PAGING_WRITE_COMBINING, "framebuffer"},
        {TEST_APIC, TEST_APIC_PHYS, PAGE_SIZE, true, false, PAGING_UNCACHED, "local APIC"},
        {test_handoff.address, test_handoff.phys, code_size, false, true, PAGING_WRITE_BACK, "handoff code"},
        {test_handoff.address + code_size, test_handoff.phys + code_size, handoff_data_size(), true, false,
         PAGING_WRITE_BACK, "handoff data"},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof mappings / sizeof mappings[0] && status == STATUS_OK; i++)
        status = paging_map(paging, &mappings[i], error);
    return status;
}

static void describe_handoff(void)
{
    test_handoff = (struct handoff){
        .phys = TEST_HANDOFF_PHYS,
        .address = TEST_HANDOFF,
        .transition_phys = TEST_TRANSITION_PHYS,
        .page_table_phys = TEST_TABLES_PHYS,
        .entry = (uintptr_t)kernel_entry + TEST_KERNEL,
        .stack_top = TEST_STACK + TEST_STACK_SIZE,
        .argument = TEST_ARGUMENT,
        .framebuffer =
            {
                .address = (uint8_t *)TEST_PIXELS,
                .phys = TEST_PIXELS_PHYS,
                .size = TEST_PIXELS_SIZE,
                .width = 640,
                .height = 480,
                .pitch = 2560,
                .bits_per_pixel = 32,
                .red_shift = 16,
                .red_size = 8,
                .green_shift = 8,
                .green_size = 8,
                .blue_size = 8,
            },
    };
    if (test_wants("collide"))
        test_handoff.address = align_down((uintptr_t)handoff_switch, PAGE_SIZE);
    if (test_wants("low"))
        test_handoff.address = TEST_HANDOFF_PHYS - PAGE_SIZE;
}

void main(const char *command_line)
{
    struct paging_features features = cpu_paging_features();
    struct paging paging;
    struct error error;

    format(words, sizeof words, "%s", command_line);
    describe_handoff();
    memset(firmware_map(TEST_STACK_PHYS, 0), 0xa5, TEST_STACK_SIZE);
    memset(firmware_map(TEST_HANDOFF_PHYS, 0), 0xa5, handoff_code_size() + handoff_data_size());
    memset(firmware_map(TEST_TRANSITION_PHYS, 0), 0xa5, handoff_transition_frames() * PAGE_SIZE);
    paging_init(&paging, TEST_TABLES_PHYS, 64, &features);
    if (map_kernel(&paging, &error) != STATUS_OK || handoff_prepare(&test_handoff, &features, &error) != STATUS_OK) {
        test_print(error.text);
        test_exit(false);
    }
    spoil_machine(&features);
    handoff_jump(&test_handoff);
}
