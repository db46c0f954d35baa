#include "test_report.h"

#include "guest.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>

size_t test_report_failures(const struct case_runs *runs)
{
    size_t count = 0;
    for (size_t i = 0; i < runs->count; i++)
        count += runs->list[i].code != EXIT_OK;
    return count;
}

void test_report_tap_plan(size_t count)
{
    printf("TAP version 13\n1..%zu\n", count);
    fflush(stdout);
}

/* A member of TAP's YAML block, as a double-quoted string. */
static void print_member(const char *name, const char *text)
{
    if (!text)
        return;
    printf("  %s: \"", name);
    for (; *text; text++) {
        unsigned char letter = (unsigned char)*text;
        if (letter < ' ' || letter == 0x7f)
            printf("\\x%02x", letter);
        else if (letter == '"' || letter == '\\')
            printf("\\%c", letter);
        else
            putchar(letter);
    }
    puts("\"");
}

void test_report_tap_case(size_t number, const struct case_run *run)
{
    printf("%s %zu - %s\n", run->code == EXIT_OK ? "ok" : "not ok", number, run->machine->name);
    if (run->code == EXIT_OK)
        return;
    char *command = arguments_text(&run->command);
    puts("  ---");
    print_member("result", guest_verdict_word(run->code));
    print_member("reason", run->reason);
    print_member("boot_error", run->boot_error);
    print_member("serial_log", run->serial_log);
    print_member("e9_log", run->e9_log);
    print_member("messages", run->messages);
    print_member("screenshot", run->picture);
    print_member("again", command);
    puts("  ...");
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
