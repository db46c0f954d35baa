/* Who started the loader: what firmware_identity() tells. */
#ifndef STAGECOACH_BIOS_IDENTITY_H
#define STAGECOACH_BIOS_IDENTITY_H

#include <stagecoach/boot.h>

#include <stdbool.h>
#include <stdint.h>

struct stage_handoff;

void identity_start(const struct stage_handoff *handoff);
uint32_t identity_drive(void);

/* The network boot program started the loader. */
bool identity_is_network(void);
void identity_set_disk(const struct boot_disk *disk);

/* The boot drive is a CD drive. */
void identity_set_cd(void);

#endif
