/* Enough of the PE32+ format (Microsoft PE and COFF specification, section 3) to tell a UEFI application for x86_64
 * from anything else. */
#ifndef STAGECOACH_PE_H
#define STAGECOACH_PE_H

#include "error.h"
#include "span.h"

#include <stdbool.h>

#define PE_SIZE_MAX (64u << 20) /* of a boot loader */

struct pe_facts {
    uint32_t section_count;
    bool is_signed; /* has a certificate table */
};

/* Begins as such files, and those of DOS, do. */
static inline bool pe_detect(struct span file)
{
    return file.size >= 2 && file.data[0] == 'M' && file.data[1] == 'Z';
}

/* STATUS_EFI_PROGRAM, with the reason, if no firmware would start it. file: its start, with all headers. */
enum status pe_read(struct span file, uint64_t file_size, struct pe_facts *facts, struct error *error);

#endif
