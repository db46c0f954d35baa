/* Words and numbers as they come from configurations and the network. */
#ifndef STAGECOACH_TEXT_H
#define STAGECOACH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes before the NUL. */
size_t text_length(const char *text);

/* Decimal digits, at least one, value at most `limit`; *number is left alone where it is none. */
bool text_number(const char *text, size_t size, uint64_t limit, uint64_t *number);

/* The value of a hexadecimal digit; 16: it is none. */
uint8_t text_hex_digit(char digit);

#endif
