/* Memory maps as users have them: a size, or a file. */
#ifndef STAGECOACH_IMGTOOL_MEMORY_TEXT_H
#define STAGECOACH_IMGTOOL_MEMORY_TEXT_H

#include "failure.h"

#include <stagecoach/boot.h>

#include <stdbool.h>
#include <stddef.h>

/* One line of a map, in one of three forms:
 *   0x100000 0x7fe0000 usable                                 our own; the end is excluded
 *   BIOS-e820: [mem 0x0000000000100000-0x0000000007fdffff] usable    what Linux says when it boots
 *   00100000-07fdffff : System RAM                            /proc/iomem
 * False: none of them. */
bool memory_text_line(const char *line, struct boot_memory_region *region);

/* The name of a type in our own form: "usable", "efi-runtime-code". */
const char *memory_type_name(uint32_t type);

/* Reads a file of such lines; empty ones and comments (#) are left out, and what is indented in /proc/iomem's form. */
enum exit_code memory_text_read(const char *path, struct boot_memory_region *regions, size_t capacity, size_t *count);

#endif
