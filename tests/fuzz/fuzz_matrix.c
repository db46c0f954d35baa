/* Any text as a matrix of imgtool test: what is accepted obeys the limits, what is refused has a sentence. */
#include "../../imgtool/matrix.h"
#include "fuzz.h"

static void check(const struct matrix *matrix)
{
    FUZZ_ASSERT(matrix->count > 0 && matrix->count <= MATRIX_CASES_MAX);
    for (size_t i = 0; i < matrix->count; i++) {
        const struct matrix_case *one = &matrix->cases[i];
        FUZZ_ASSERT(one->name[0] && one->name[0] != '.' && one->name[0] != '-' && !strchr(one->name, '/'));
        FUZZ_ASSERT(strlen(one->name) < 128);
        FUZZ_ASSERT(one->timeout_seconds >= 0 && one->timeout_seconds <= TIMEOUT_MAX_SECONDS);
        for (size_t other = 0; other < i; other++)
            FUZZ_ASSERT(strcmp(one->name, matrix->cases[other].name) != 0);
        for (int axis = 0; axis < AXIS_COUNT; axis++)
            FUZZ_ASSERT(!one->values[axis] || strcmp(one->values[axis], "default") != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct matrix matrix;
    struct matrix_error error = {0};
    bool parsed = matrix_parse((const char *)data, size, &matrix, &error);
    if (parsed)
        check(&matrix);
    else
        FUZZ_ASSERT(strlen(error.text) > 5 && memchr(error.text, '\0', sizeof error.text) != NULL);
    matrix_free(&matrix);
    return 0;
}
