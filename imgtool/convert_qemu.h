/* Disk formats of other machines, by qemu-img. */
#ifndef STAGECOACH_IMGTOOL_CONVERT_QEMU_H
#define STAGECOACH_IMGTOOL_CONVERT_QEMU_H

#include "host_file.h"

#include <stdbool.h>

struct disk_format {
    const char *name;    /* and the ending of its files */
    const char *qemu;    /* qemu-img's name */
    const char *options; /* NULL: none */
    bool can_check;      /* by 'qemu-img check' */
};

/* NULL: there is none of that name. */
const struct disk_format *disk_format_find(const char *name);

/* Fills the file `temporary`, then checks it, and compares it with `from`. `name` is for messages. */
enum exit_code convert_qemu(const struct host_file *from, const struct disk_format *format, const char *temporary,
                            const char *name);

#endif
