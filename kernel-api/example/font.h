/* SPDX-License-Identifier: MIT
 *
 * Capital letters, digits and a few signs, 5 pixels wide and 7 high. */
#ifndef EXAMPLE_FONT_H
#define EXAMPLE_FONT_H

#include <stdint.h>

#define FONT_WIDTH 5
#define FONT_HEIGHT 7

/* One row of a character: bit 4 is the leftmost pixel. Small letters look like capitals, unknown signs like blanks. */
uint8_t font_row(char character, unsigned row);

#endif
