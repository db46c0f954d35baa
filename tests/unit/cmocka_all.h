/* cmocka wants these four before itself. */
#ifndef STAGECOACH_TESTS_CMOCKA_ALL_H
#define STAGECOACH_TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof *(array))

#endif
