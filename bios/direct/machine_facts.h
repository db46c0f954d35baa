/* What the door knows after its start: what the starter told, and where things lie. */
#ifndef STAGECOACH_BIOS_DIRECT_MACHINE_FACTS_H
#define STAGECOACH_BIOS_DIRECT_MACHINE_FACTS_H

#include "content.h"
#include "entry.h"

/* Takes over what the 32-bit code has found. */
void facts_start(const struct direct_entry *entry);

/* Reads the starter's information. */
enum status facts_read(struct error *error);
const struct starter *facts_starter(void);

/* The memory below 4 GiB that parsers may look at. */
extern const struct phys_view facts_view;

/* The image in memory, and the archive in it; size 0: none. */
struct content_piece facts_image(void);
struct content_piece facts_archive(void);

/* The word at 40:0e: segment of the extended BIOS data area, where there is one. */
uint16_t facts_ebda_segment(void);

/* Finds the firmware's tables; a root pointer that is known only by its copy gets a page of the image, which is then
 * not free memory: facts_kept_page() is its address, else 0. */
void facts_find_tables(void);
uint64_t facts_kept_page(void);

#endif
