/* A small printf for the loader: %s %.*s %c %d %i %u %x %X %p %%, flags # 0 -, width and precision (also *),
 * lengths hh h l ll z j t. No floating point, no %n. Output is always NUL-terminated. */
#ifndef STAGECOACH_FORMAT_H
#define STAGECOACH_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Writes at most size - 1 characters and a NUL to out; returns the length that the whole text has. size 0 writes
 * nothing. An unknown conversion is copied as it stands. */
__attribute__((format(printf, 3, 0))) size_t format_list(char *out, size_t size, const char *format, va_list arguments);
__attribute__((format(printf, 3, 4))) size_t format(char *out, size_t size, const char *format, ...);

#endif
