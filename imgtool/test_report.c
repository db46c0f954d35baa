#include "test_report.h"

#include "guest.h"
#include "json.h"

#include <stdlib.h>

size_t test_report_failures(const struct case_runs *runs)
{
    size_t count = 0;
    for (size_t i = 0; i < runs->count; i++)
        count += runs->list[i].code != EXIT_OK;
    return count;
}

void test_report_tap_plan(FILE *to, size_t count)
{
    fprintf(to, "TAP version 13\n1..%zu\n", count);
}

/* A member of TAP's YAML block, as a double-quoted string. */
static void put_member(FILE *to, const char *name, const char *text)
{
    if (!text)
        return;
    fprintf(to, "  %s: \"", name);
    for (; *text; text++) {
        unsigned char letter = (unsigned char)*text;
        if (letter < ' ' || letter == 0x7f)
            fprintf(to, "\\x%02x", letter);
        else if (letter == '"' || letter == '\\')
            fprintf(to, "\\%c", letter);
        else
            putc(letter, to);
    }
    fputs("\"\n", to);
}

void test_report_tap_case(FILE *to, size_t number, const struct case_run *run)
{
    fprintf(to, "%s %zu - %s\n", run->code == EXIT_OK ? "ok" : "not ok", number, run->machine->name);
    if (run->code == EXIT_OK)
        return;
    char *command = arguments_text(&run->command);
    fputs("  ---\n", to);
    put_member(to, "result", guest_verdict_word(run->code));
    put_member(to, "reason", run->reason);
    put_member(to, "boot_error", run->boot_error);
    put_member(to, "serial_log", run->serial_log);
    put_member(to, "e9_log", run->e9_log);
    put_member(to, "messages", run->messages);
    put_member(to, "screenshot", run->picture);
    put_member(to, "again", command);
    fputs("  ...\n", to);
    free(command);
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
    if (text)
        json_text(object, key, text);
}

static void add_case(struct json_object *object, const struct case_run *run)
{
    char *command = arguments_text(&run->command);
    json_text(object, "name", run->machine->name);
    json_text(object, "result", guest_verdict_word(run->code));
    json_number(object, "exit_code", (uint64_t)run->code);
    json_number(object, "milliseconds", (uint64_t)run->run_ms);
    add_text(object, "reason", run->reason);
    add_text(object, "boot_error", run->boot_error);
    struct json_object *machine = json_object_in(object, "machine");
    for (int axis = 0; axis < AXIS_COUNT; axis++)
        add_text(machine, matrix_axis_names[axis], run->machine->values[axis]);
    add_text(object, "serial_log", run->serial_log);
    add_text(object, "e9_log", run->e9_log);
    add_text(object, "messages", run->messages);
    add_text(object, "screenshot", run->picture);
    json_text(object, "command", command);
    free(command);
}

void test_report_json(const char *image, const struct case_runs *runs)
{
    struct json_object *document = json_document("test");
    json_text(document, "image", image);
    json_number(document, "passed", runs->count - test_report_failures(runs));
    json_number(document, "failed", test_report_failures(runs));
    struct json_object *cases = json_array_in(document, "cases");
    for (size_t i = 0; i < runs->count; i++)
        add_case(json_object_append(cases), &runs->list[i]);
    json_finish(document);
}
