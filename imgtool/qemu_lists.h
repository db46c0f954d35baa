/* What the QEMU that is to run a guest has: asked of it, once for each kind of thing, and only for names that not every
 * QEMU has. */
#ifndef STAGECOACH_IMGTOOL_QEMU_LISTS_H
#define STAGECOACH_IMGTOOL_QEMU_LISTS_H

#include <stdbool.h>
#include <stddef.h>

enum qemu_list { QEMU_MACHINES, QEMU_CPUS, QEMU_CARDS, QEMU_DEVICES, QEMU_LIST_COUNT };

/* Does it have `name` (NULL: nothing is wished)? If not, an error names `where` and `value`, as the user wrote them,
 * and the nearest name. Of a CPU, the model is looked for; what stands behind its comma is QEMU's to check. A QEMU that
 * gives no list has everything. */
bool qemu_lists_ok(const char *program, enum qemu_list list, const char *where, const char *value, const char *name);

/* The names in QEMU's answer to "-cpu help" and so on, to be freed one by one and together; NULL: there are none. */
char **qemu_list_parse(enum qemu_list list, const char *text, size_t *count);

#endif
