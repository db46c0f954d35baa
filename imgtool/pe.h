/* Enough of the PE32+ format (Microsoft PE and COFF specification, section 3) to tell a UEFI application for x86_64 from
 * anything else. */
#ifndef STAGECOACH_IMGTOOL_PE_H
#define STAGECOACH_IMGTOOL_PE_H

#include "error.h"
#include "span.h"

#include <stdbool.h>

#define PE_SIZE_MAX (64u << 20) /* of a boot loader */

struct pe_facts {
    uint32_t section_count;
    bool is_signed; /* has a certificate table */
};

/* STATUS_LOADER_DAMAGED, with the reason, if no firmware would start it. */
enum status pe_read(struct span file, struct pe_facts *facts, struct error *error);

#endif
