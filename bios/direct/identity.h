/* Who started the loader: what firmware_identity() tells. */
#ifndef STAGECOACH_BIOS_DIRECT_IDENTITY_H
#define STAGECOACH_BIOS_DIRECT_IDENTITY_H

#include "entry.h"

void identity_start(const struct direct_entry *entry);

#endif
