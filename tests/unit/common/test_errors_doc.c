/* docs/errors.md against common/status.h: the same codes, names and meanings, each with a cause and a remedy. */
#include "cmocka_all.h"

#include "status.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    long code;
    char name[64];
    char cells[3][256]; /* meaning, cause, remedy */
};

static struct row rows[200];
static size_t row_count;

/* Copies the next cell without its blanks; returns what follows its '|'. */
static char *take_cell(char *at, char *cell, size_t size)
{
    char *end = strchr(at, '|');
    assert_non_null(end);
    while (*at == ' ')
        at++;
    size_t length = (size_t)(end - at);
    while (length > 0 && at[length - 1] == ' ')
        length--;
    assert_true(length > 0 && length < size);
    memcpy(cell, at, length);
    cell[length] = '\0';
    return end + 1;
}

static int read_rows(void **state)
{
    (void)state;
    FILE *file = fopen(ERRORS_DOC, "r");
    assert_non_null(file);
    char line[1024];
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "| ", 2) != 0 || line[2] < '0' || line[2] > '9')
            continue;
        assert_true(row_count < ARRAY_LENGTH(rows));
        struct row *row = &rows[row_count++];
        char code[16];
        char *at = take_cell(line + 1, code, sizeof code);
        row->code = strtol(code, NULL, 10);
        at = take_cell(at, row->name, sizeof row->name);
        for (size_t i = 0; i < ARRAY_LENGTH(row->cells); i++)
            at = take_cell(at, row->cells[i], sizeof row->cells[i]);
    }
    fclose(file);
    return 0;
}

static const struct row *row_of(long code)
{
    for (size_t i = 0; i < row_count; i++)
        if (rows[i].code == code)
            return &rows[i];
    return NULL;
}

static void every_status_has_a_row(void **state)
{
    (void)state;
#define CHECK(status_name, number, text)                                                                               \
    do {                                                                                                               \
        const struct row *row = row_of(number);                                                                        \
        if (row == NULL)                                                                                               \
            fail_msg("docs/errors.md lacks code %d, %s", number, #status_name);                                        \
        else {                                                                                                         \
            assert_string_equal(row->name, #status_name);                                                              \
            assert_string_equal(row->cells[0], text);                                                                  \
        }                                                                                                              \
    } while (0);
    STATUS_LIST(CHECK)
#undef CHECK
}

/* Two statuses of one number would not compile. */
static bool is_status(long code)
{
    switch (code) {
#define CASE(name, number, text) case number:
        STATUS_LIST(CASE)
#undef CASE
        return true;
    default:
        return false;
    }
}

static void every_row_has_a_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < row_count; i++) {
        if (!is_status(rows[i].code))
            fail_msg("docs/errors.md explains code %ld, which does not exist", rows[i].code);
        if (i > 0 && rows[i].code <= rows[i - 1].code)
            fail_msg("docs/errors.md: code %ld is out of order or there twice", rows[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_row),
        cmocka_unit_test(every_row_has_a_status),
    };
    return cmocka_run_group_tests(tests, read_rows, NULL);
}
