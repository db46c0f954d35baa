/* JUnit's XML, as Jenkins, GitLab and the like read it. */
#include "deliver.h"
#include "failure.h"
#include "guest.h"
#include "test_report.h"

#include <utf.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MAX (1 << 20)          /* bytes of a serial log; what matters is at its end */
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* XML 1.0, production 2, less what UTF-8 can't hold anyway. */
static bool is_allowed(uint32_t character)
{
    return (character >= ' ' || character == '\t' || character == '\n') && character != 0xfffe && character != 0xffff;
}

static void put_escaped(FILE *to, const char *text, size_t size)
{
    for (const char *at = text, *end = text + size; at < end;) {
        const char *start = at;
        uint32_t character = 0xffff;
        if (!utf8_take(&at, end, &character))
            at++;
        if (character == '<')
            fputs("&lt;", to);
        else if (character == '>')
            fputs("&gt;", to);
        else if (character == '&')
            fputs("&amp;", to);
        else if (character == '"')
            fputs("&quot;", to);
        else if (is_allowed(character))
            fwrite(start, 1, (size_t)(at - start), to);
        else if (character != '\r')
            fputs(REPLACEMENT, to);
    }
}

static void put_attribute(FILE *to, const char *name, const char *text)
{
    fprintf(to, " %s=\"", name);
    put_escaped(to, text, strlen(text));
    fputc('"', to);
}

static void put_log(FILE *to, const char *path)
{
    FILE *log = fopen(path, "re");
    char *bytes = malloc(LOG_MAX);
    if (log && bytes) {
        if (fseek(log, -LOG_MAX, SEEK_END) != 0)
            rewind(log); /* it is shorter */
        size_t size = fread(bytes, 1, LOG_MAX, log);
        fputs("    <system-out>", to);
        put_escaped(to, bytes, size);
        fputs("</system-out>\n", to);
    }
    free(bytes);
    if (log)
        fclose(log);
}

static void put_failure(FILE *to, const struct case_run *run)
{
    const char *element = strcmp(guest_verdict_word(run->code), "error") == 0 ? "error" : "failure";
    char *command = arguments_text(&run->command);
    fprintf(to, "    <%s type=\"%s\"", element, guest_verdict_word(run->code));
    put_attribute(to, "message", run->boot_error ? run->boot_error : run->reason);
    fputc('>', to);
    put_escaped(to, run->reason, strlen(run->reason));
    fputs("\nagain: ", to);
    put_escaped(to, command, strlen(command));
    if (run->picture)
        fputs("\nscreenshot: ", to);
    if (run->picture)
        put_escaped(to, run->picture, strlen(run->picture));
    fprintf(to, "</%s>\n", element);
    free(command);
    if (run->serial_log)
        put_log(to, run->serial_log);
}

static void put_case(FILE *to, const char *class_name, const struct case_run *run)
{
    fputs("  <testcase", to);
    put_attribute(to, "classname", class_name);
    put_attribute(to, "name", run->machine->name);
    fprintf(to, " time=\"%ld.%03ld\"", run->run_ms / 1000, run->run_ms % 1000);
    if (run->code == EXIT_OK) {
        fputs("/>\n", to);
        return;
    }
    fputs(">\n", to);
    put_failure(to, run);
    fputs("  </testcase>\n", to);
}

static void put_suite(FILE *to, const char *image, const struct case_runs *runs)
{
    size_t errors = 0;
    int64_t total_ms = 0;
    for (size_t i = 0; i < runs->count; i++) {
        errors += strcmp(guest_verdict_word(runs->list[i].code), "error") == 0;
        total_ms += runs->list[i].run_ms;
    }
    fputs("<testsuite", to);
    put_attribute(to, "name", image);
    fprintf(to, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%ld.%03ld\">\n", runs->count,
            test_report_failures(runs) - errors, errors, total_ms / 1000, total_ms % 1000);
    for (size_t i = 0; i < runs->count; i++)
        put_case(to, image, &runs->list[i]);
    fputs("</testsuite>\n", to);
}

bool test_report_junit(const char *path, const char *image, const struct case_runs *runs)
{
    const char *slash = strrchr(image, '/');
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        exit(failure_memory());
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", to);
    put_suite(to, slash ? slash + 1 : image, runs);
    fputs("</testsuites>\n", to);
    if (fclose(to) != 0)
        exit(failure_memory());
    bool written = deliver(path, text, size);
    free(text);
    return written;
}
