/* What VBE says of itself and of the mode that was set, for kernels that are told in its own words. */
#ifndef STAGECOACH_BIOS_VBE_H
#define STAGECOACH_BIOS_VBE_H

#include "firmware.h"

struct firmware_vbe vbe_state(void);

#endif
