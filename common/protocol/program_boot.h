/* The way of a kernel that the firmware itself can load and start: a UEFI application, as Linux kernels are too. */
#ifndef STAGECOACH_PROTOCOL_PROGRAM_BOOT_H
#define STAGECOACH_PROTOCOL_PROGRAM_BOOT_H

#include "boot_file.h"
#include "config.h"
#include "payload.h"

/* Reads the file and has the firmware start it, with the command line and the ramdisk. Comes back only with a reason.
 */
enum status program_boot(const struct config *config, struct boot_file *file, struct payloads *payloads,
                         struct frames *frames, struct error *error);

#endif
