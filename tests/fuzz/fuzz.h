/* What fuzz targets share: the entry point, and how to say that an invariant does not hold. */
#ifndef STAGECOACH_TESTS_FUZZ_H
#define STAGECOACH_TESTS_FUZZ_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_ASSERT(condition)                                                                                         \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                                  \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* A refusal carries its own status and a sentence of one line. */
static inline void fuzz_expect_sentence(enum status status, const struct error *error)
{
    FUZZ_ASSERT(error->status == status);
    FUZZ_ASSERT(memchr(error->text, '\0', sizeof error->text) != NULL);
    FUZZ_ASSERT(strlen(error->text) > 10 && strchr(error->text, '\n') == NULL);
}

#endif
