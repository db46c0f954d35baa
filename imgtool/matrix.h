/* The machines that imgtool test boots a kernel on: axes whose values are combined, single cases, exceptions. The
 * format is described in docs/imgtool.md. */
#ifndef STAGECOACH_IMGTOOL_MATRIX_H
#define STAGECOACH_IMGTOOL_MATRIX_H

#include "command.h"
#include "process.h"

/* Each is an option of imgtool run of the same name, which also checks the values. */
enum matrix_axis {
    AXIS_FIRMWARE,
    AXIS_MACHINE,
    AXIS_DISK,
    AXIS_MEMORY,
    AXIS_CPU,
    AXIS_SMP,
    AXIS_VGA,
    AXIS_COUNT,
};

#define MATRIX_CASES_MAX 1000u

extern const char *const matrix_axis_names[AXIS_COUNT];

struct matrix_case {
    char *name;                 /* letters, digits, and "._+-": a part of file names, too */
    char *values[AXIS_COUNT];   /* NULL: run's default */
    unsigned lines[AXIS_COUNT]; /* that name them */
    int timeout_seconds;        /* 0: the matrix names none */
    struct arguments qemu;      /* further arguments for QEMU */
};

struct matrix {
    struct matrix_case *cases;
    size_t count;
};

struct matrix_error {
    unsigned line; /* 0: the whole file */
    char text[256];
};

/* Used without --matrix. */
extern const char matrix_default[];

/* At least one case, with names that differ; or false, and `error` says why. matrix_free() is due either way. */
bool matrix_parse(const char *text, size_t size, struct matrix *matrix, struct matrix_error *error);
void matrix_free(struct matrix *matrix);

#endif
