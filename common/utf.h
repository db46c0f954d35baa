/* UTF-8 and UTF-16, strictly: nothing overlong, no unpaired surrogates, nothing above U+10FFFF. */
#ifndef STAGECOACH_UTF_H
#define STAGECOACH_UTF_H

#include <stdbool.h>
#include <stdint.h>

/* Takes one character off the start of [*text, end), which is not empty. False: not UTF-8, *text stays. */
bool utf8_take(const char **text, const char *end, uint32_t *character);

/* Writes one character; returns the number of bytes, 1 to 4. */
uint32_t utf8_put(uint32_t character, char *to);

/* Takes one character off the start of [*units, end), which is not empty. False: an unpaired surrogate. */
bool utf16_take(const uint16_t **units, const uint16_t *end, uint32_t *character);

/* Writes one character; returns the number of units, 1 or 2. */
uint32_t utf16_put(uint32_t character, uint16_t *to);

#endif
