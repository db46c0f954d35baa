/* Files that the kernel gets whole: the ramdisk and the modules. */
#ifndef STAGECOACH_PAYLOAD_H
#define STAGECOACH_PAYLOAD_H

#include "boot_file.h"

struct payload {
    const char *what; /* "ramdisk", "module" */
    struct config_text path, name, arguments;
    struct boot_file file;
    uint64_t phys; /* of its frames, once loaded; whole pages, the tail of the last one zero */
};

#define PAYLOAD_LIMIT (1 + CONFIG_MODULES_MAX)

struct payloads {
    bool has_ramdisk; /* list[0] is the ramdisk */
    uint64_t below;   /* where in memory they have to end; 0: anywhere */
    uint32_t count;
    struct payload list[PAYLOAD_LIMIT];
};

/* Opens all files that the configuration names; nothing is read yet. */
enum status payloads_open(const struct config *config, struct boot_files *files, struct payloads *payloads,
                          struct error *error);

/* Takes frames and reads each file into them. */
enum status payloads_load(struct payloads *payloads, struct frames *frames, struct error *error);

/* The list's modules: all but the ramdisk. */
const struct payload *payloads_modules(const struct payloads *payloads, uint32_t *count);

#endif
