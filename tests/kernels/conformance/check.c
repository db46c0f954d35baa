#include "check.h"

#include <stagecoach/debug.h>
#include <stagecoach/print.h>

#define PORT_BOCHS_EXIT 0x501u /* QEMU has nothing there unless isa-debug-exit is used with its default port */

#define FAILURES_SHOWN 50

static const char *subject;
static unsigned subject_checks, total_checks, failures;
static struct {
    const char *subject, *name, *wanted_text;
    uint64_t found, wanted;
} first_failure;
static uint64_t digest = FNV_OFFSET;

void check_subject(const char *name)
{
    if (subject != NULL)
        boot_print("%s: %u checks\n", subject, subject_checks);
    subject = name;
    subject_checks = 0;
}

static void check_count(bool holds, const char *name, uint64_t found, uint64_t wanted, const char *wanted_text)
{
    subject_checks++;
    total_checks++;
    if (holds)
        return;
    if (failures++ == 0) {
        first_failure.subject = subject;
        first_failure.name = name;
        first_failure.found = found;
        first_failure.wanted = wanted;
        first_failure.wanted_text = wanted_text;
    }
    if (failures > FAILURES_SHOWN)
        return;
    if (wanted_text != NULL)
        boot_print("bad %s, %s: found 0x%lx, wanted %s\n", subject, name, found, wanted_text);
    else
        boot_print("bad %s, %s: found 0x%lx, wanted 0x%lx\n", subject, name, found, wanted);
}

bool check_equal(const char *name, uint64_t found, uint64_t wanted)
{
    check_count(found == wanted, name, found, wanted, NULL);
    return found == wanted;
}

bool check_that(const char *name, bool holds, uint64_t found, const char *wanted)
{
    check_count(holds, name, found, 0, wanted);
    return holds;
}

static _Noreturn void finish(uint8_t value)
{
    boot_outb(BOOT_PORT_DEBUG_EXIT, value);
    boot_outb(PORT_BOCHS_EXIT, value);
    boot_halt();
}

_Noreturn void check_finish(void)
{
    check_subject(NULL);
    if (failures == 0) {
        boot_print("%u checks\nBOOT-OK %016lx\n", total_checks, digest);
        finish(BOOT_EXIT_SUCCESS);
    }
    boot_print("%u of %u checks failed\nBOOT-BAD %s, %s: ", failures, total_checks, first_failure.subject,
               first_failure.name);
    if (first_failure.wanted_text != NULL)
        boot_print("0x%lx %s\n", first_failure.found, first_failure.wanted_text);
    else
        boot_print("0x%lx 0x%lx\n", first_failure.found, first_failure.wanted);
    finish(BOOT_EXIT_FAILURE);
}

void digest_bytes(const void *bytes, uint64_t size)
{
    digest = fnv1a(digest, bytes, size);
}

void digest_number(uint64_t value)
{
    digest_bytes(&value, sizeof(value));
}

void digest_text(const char *text)
{
    digest_bytes(text, text_size(text) + 1);
}
