/* One line for the user and the exit code that goes with it. Functions of build-image return enum exit_code: EXIT_OK,
 * or what failure() has told the user already. */
#ifndef STAGECOACH_IMGTOOL_FAILURE_H
#define STAGECOACH_IMGTOOL_FAILURE_H

#include "command.h"

/* Prints "imgtool: error: TEXT" and returns `code`, so that failing is one line. */
__attribute__((format(printf, 2, 3))) enum exit_code failure(enum exit_code code, const char *format, ...);

/* The same for memory that the host does not give. */
enum exit_code failure_memory(void);

#ifdef __clang_analyzer__ /* it does not look into other files: failing is never EXIT_OK */
#define failure(code, ...) (failure(code, __VA_ARGS__), (code))
#define failure_memory() (failure_memory(), EXIT_FAILED)
#endif

#endif
