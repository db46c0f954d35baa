/* Which of the starter's modules, and of an archive's members, is what: the files of this door.
 *
 * A module is what its string says: "kernel", "ramdisk", "config", "archive" (a cpio archive with files), or a name and
 * arguments, which make it a module of the kernel. Modules without a string go by order: kernel or archive, if there is
 * none yet; then the ramdisk; then modules. What comes from outside goes before what the archive holds. */
#ifndef STAGECOACH_BIOS_DIRECT_CONTENT_H
#define STAGECOACH_BIOS_DIRECT_CONTENT_H

#include "starter.h"

struct content_piece {
    uint64_t phys, size; /* size 0: there is none */
};

struct content_module {
    struct content_piece piece;
    struct config_text name, arguments; /* name empty: it has none */
};

struct content {
    struct content_piece kernel, ramdisk, config; /* from outside */
    struct content_piece archive;
    struct content_module modules[STARTER_MODULES_MAX];
    uint32_t module_count;
};

/* own: the archive inside our own image; size 0 if there is none. */
enum status content_sort(const struct starter *starter, const struct content_piece *own, struct content *content,
                         struct error *error);

/* The command line that the starter passes, without the name of our own file. */
struct config_text content_command_line(const struct starter *starter);

/* The regular file at a path, '/' between names, case ignored: of the archive, or one of the paths by which settings.h
 * names what comes from outside. */
enum status content_find(const struct content *content, const char *path, struct content_piece *found,
                         struct error *error);

#define CONTENT_KERNEL "/kernel"
#define CONTENT_RAMDISK "/ramdisk"
#define CONTENT_MODULE "/outside-module-" /* its number follows */

#endif
