/* What the two halves of the fake share. */
#ifndef STAGECOACH_TESTS_FAKE_PRIVATE_H
#define STAGECOACH_TESTS_FAKE_PRIVATE_H

#include "checked.h"
#include "fake_firmware.h"

/* Ends the boot. */
_Noreturn void fake_finish(enum fake_end end);
__attribute__((format(printf, 1, 2))) _Noreturn void fake_violation(const char *format, ...);

#endif
