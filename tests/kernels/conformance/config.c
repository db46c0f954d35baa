/* This variant's wishes; see tests/kernels/CMakeLists.txt. */
#include <stagecoach/boot.h>

BOOT_CONFIG(TEST_WISHES);
