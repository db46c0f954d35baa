/* Counts checks, prints the ones that fail, and ends the run: BOOT-OK <digest> or BOOT-BAD <check>: <found> <wanted>. */
#ifndef CONFORMANCE_CHECK_H
#define CONFORMANCE_CHECK_H

#include "bytes.h"

#include <stagecoach/boot.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends the subject before and begins one: "memory map: 14 checks" appears when it ends. */
void check_subject(const char *name);

/* Both return whether the check held; `name` must stay valid. */
bool check_equal(const char *name, uint64_t found, uint64_t wanted);
bool check_that(const char *name, bool holds, uint64_t found, const char *wanted);

/* Prints the verdict and ends the run. */
_Noreturn void check_finish(void);

/* Facts that are the same whichever door the kernel came through go into one FNV-1a hash. */
void digest_number(uint64_t value);
void digest_bytes(const void *bytes, uint64_t size);
void digest_text(const char *text);

/* The subjects, one per file of nearly the same name. */
void check_machine(const struct boot_info *info);
void check_interrupt_hardware(void);
void check_info(const struct boot_info *info);
void check_memory_map(const struct boot_info *info);
void check_segments(const struct boot_info *info);
void check_image(const struct boot_info *info);
void check_tls(const struct boot_info *info);
void check_page_tables(const struct boot_info *info);
void check_window(const struct boot_info *info);
void check_video(const struct boot_info *info);
void check_firmware(const struct boot_info *info);
void check_payload(const struct boot_info *info);
void check_history(const struct boot_info *info);
void check_faults(const struct boot_info *info);

extern const struct boot_note boot_note_; /* what this kernel asked for */

#endif
