/* Between our UTF-8 and the firmware's UCS-2. */
#ifndef STAGECOACH_UEFI_TEXT_H
#define STAGECOACH_UEFI_TEXT_H

#include "efi_abi.h"

#include <stdbool.h>
#include <stddef.h>

/* Decodes the character at text[*position], position < size, and moves past it. Malformed bytes and characters that
 * UCS-2 can't hold give false, *position moved past one byte or the whole character. */
bool text_next(const char *text, size_t size, size_t *position, CHAR16 *character);

#endif
