/* imgtool man: writes the manual pages, for the build. Commands and options come from the tables of --help, prose from
 * docs/, so that nothing is said in two places. */
#include "cli.h"
#include "host_file.h"
#include "operands.h"
#include "option_list.h"
#include "roff.h"

#include <version.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT_MAX (1u << 20)
#define CONFIGURATION_TITLE "STAGECOACH.CONF"

static char *docs;

static const struct poptOption options[] = {
    {"docs", 0, POPT_ARG_STRING, &docs, 0, "where imgtool.md and configuration.md are", "DIR"},
    POPT_TABLEEND,
};

/* --- docs/ ------------------------------------------------------------------------------------------------------- */

struct part { /* of a document */
    const char *heading, *text;
    size_t heading_size, size;
};

/* What stands from `at` on, up to the next "## ". */
static struct part take_part(const char *at)
{
    struct part part = {.text = at};
    if (strncmp(at, "## ", 3) == 0) {
        part.heading = at + 3;
        part.heading_size = strcspn(part.heading, "\n");
        part.text = part.heading + part.heading_size;
        part.text += *part.text == '\n';
    }
    const char *next = strncmp(part.text, "## ", 3) == 0 ? part.text - 1 : strstr(part.text, "\n## ");
    part.size = next ? (size_t)(next + 1 - part.text) : strlen(part.text);
    return part;
}

static const char *after(const struct part *part)
{
    return part->text + part->size;
}

/* A heading may name several commands: "inspect, ls, cat". */
static bool heading_names(const struct part *part, const char *name)
{
    const char *word = part->heading, *end = part->heading + part->heading_size;
    while (word < end) {
        size_t size = strcspn(word, ", \n");
        if (size == strlen(name) && memcmp(word, name, size) == 0)
            return true;
        word += size + 1;
    }
    return false;
}

static bool is_about_commands(const struct part *part)
{
    for (size_t i = 0; imgtool_commands[i]; i++)
        if (heading_names(part, imgtool_commands[i]->name))
            return true;
    return false;
}

static enum exit_code read_document(const char *name, char **text)
{
    char *path;
    struct host_file file;
    if (asprintf(&path, "%s/%s", docs, name) < 0)
        return failure_memory();
    enum exit_code code = host_file_open(&file, path);
    if (code == EXIT_OK) {
        size_t size = file.size < DOCUMENT_MAX ? (size_t)file.size : DOCUMENT_MAX;
        *text = calloc(1, size + 1);
        code = *text ? host_file_read(&file, 0, size, *text) : failure_memory();
        host_file_close(&file);
    }
    free(path);
    return code;
}

/* --- pages ------------------------------------------------------------------------------------------------------- */

static void put_upper(FILE *to, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '-')
            fputc('\\', to);
        fputc(toupper((unsigned char)text[i]), to);
    }
}

static void put_text(FILE *to, const char *text)
{
    roff_plain(to, text, strlen(text));
}

static void put_title(FILE *to, const char *title, int section)
{
    fputs(".TH ", to);
    put_upper(to, title, strlen(title));
    fprintf(to, " %d \"%s\" \"Stagecoach %s\" \"Stagecoach\"\n", section, STAGECOACH_DATE, STAGECOACH_VERSION);
}

static void put_examples(FILE *to, const char *examples, bool only_first)
{
    while (*examples) {
        size_t size = strcspn(examples, "\n");
        roff_plain(to, examples, size);
        fputc('\n', to);
        examples += size + (examples[size] == '\n');
        if (only_first)
            break;
    }
}

static void put_options(FILE *to, const struct command *command)
{
    struct option_view list[OPTION_LIST_MAX];
    size_t count = option_list(command, list);
    fputs(".SH OPTIONS\n", to);
    for (size_t i = 0; i < count; i++) {
        fputs(".TP\n", to);
        if (list[i].letter)
            fprintf(to, "\\fB\\-%c\\fR, ", list[i].letter);
        fputs("\\fB\\-\\-", to);
        put_text(to, list[i].name);
        fputs("\\fR", to);
        if (list[i].argument) {
            fputs("=\\fI", to);
            put_text(to, list[i].argument);
            fputs("\\fR", to);
        }
        fputc('\n', to);
        put_text(to, list[i].text);
        fputc('\n', to);
    }
}

/* The section of docs/imgtool.md, without the examples at its start; or the summary. */
static void put_description(FILE *to, const struct command *command, const char *document)
{
    fputs(".SH DESCRIPTION\n", to);
    for (const char *at = document; *at;) {
        struct part part = take_part(at);
        at = after(&part);
        if (!heading_names(&part, command->name))
            continue;
        const char *text = part.text;
        while (*text == '\n' || strncmp(text, "    imgtool ", 12) == 0)
            text += strcspn(text, "\n") + 1;
        roff_blocks(to, text, (size_t)(at - text));
        return;
    }
    put_text(to, command->summary);
    fputs(".\n", to);
}

static void put_command_page(FILE *to, const struct command *command, const char *document)
{
    char title[128];
    snprintf(title, sizeof title, "imgtool-%s", command->name);
    put_title(to, title, 1);
    fputs(".SH NAME\n", to);
    put_text(to, title);
    fputs(" \\- ", to);
    put_text(to, command->summary);
    fputs("\n.SH SYNOPSIS\n\\fBimgtool ", to);
    put_text(to, command->name);
    fputs("\\fR [\\fIOPTION\\fR...]", to);
    if (command->arguments[0])
        fputc(' ', to);
    put_text(to, command->arguments);
    fputs("\n.SH EXAMPLES\n.nf\n", to);
    put_examples(to, command->examples, false);
    fputs(".fi\n", to);
    put_description(to, command, document);
    put_options(to, command);
    fputs(".SH EXIT STATUS\n0 if all went well; \\fBimgtool\\fR(1) has the other codes.\n"
          ".SH SEE ALSO\n\\fBimgtool\\fR(1), \\fBstagecoach.conf\\fR(5)\n",
          to);
}

static void put_command_list(FILE *to)
{
    fputs(".SH COMMANDS\n", to);
    for (size_t i = 0; imgtool_commands[i]; i++) {
        if (imgtool_commands[i]->hidden)
            continue;
        fputs(".TP\n\\fB", to);
        put_text(to, imgtool_commands[i]->name);
        fputs("\\fR\n", to);
        put_text(to, imgtool_commands[i]->summary);
        fputc('\n', to);
    }
}

static void put_parts(FILE *to, const char *document, bool (*skip)(const struct part *))
{
    for (const char *at = document; *at;) {
        struct part part = take_part(at);
        at = after(&part);
        if (!part.heading || (skip && skip(&part)))
            continue;
        fputs(".SH ", to);
        put_upper(to, part.heading, part.heading_size);
        fputc('\n', to);
        roff_blocks(to, part.text, part.size);
    }
}

/* What stands between the title and the first "## ". */
static void put_introduction(FILE *to, const char *document)
{
    const char *text = document + strcspn(document, "\n");
    struct part part = take_part(text);
    fputs(".SH DESCRIPTION\n", to);
    roff_blocks(to, part.text, part.size);
}

static void put_overview(FILE *to, const char *document)
{
    put_title(to, "imgtool", 1);
    fputs(".SH NAME\nimgtool \\- make an ELF kernel into an image that boots under BIOS and UEFI, and boot it\n"
          ".SH SYNOPSIS\n\\fBimgtool\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]\n.br\n"
          "\\fBimgtool help\\fR [\\fICOMMAND\\fR]\n.br\n\\fBimgtool \\-\\-version\\fR\n.SH EXAMPLES\n.nf\n",
          to);
    for (size_t i = 0; imgtool_commands[i]; i++)
        if (!imgtool_commands[i]->hidden)
            put_examples(to, imgtool_commands[i]->examples, true);
    fputs(".fi\n", to);
    put_introduction(to, document);
    put_command_list(to);
    put_parts(to, document, is_about_commands);
    fputs(".SH SEE ALSO\n", to);
    for (size_t i = 0; imgtool_commands[i]; i++) {
        if (imgtool_commands[i]->hidden)
            continue;
        fputs("\\fBimgtool\\-", to);
        put_text(to, imgtool_commands[i]->name);
        fputs("\\fR(1),\n", to);
    }
    fputs("\\fBstagecoach.conf\\fR(5)\n", to);
}

static void put_configuration(FILE *to, const char *document)
{
    put_title(to, CONFIGURATION_TITLE, 5);
    fputs(".SH NAME\nstagecoach.conf \\- configuration of the Stagecoach boot loader\n", to);
    put_introduction(to, document);
    put_parts(to, document, NULL);
    fputs(".SH SEE ALSO\n\\fBimgtool\\fR(1), \\fBimgtool\\-build\\-image\\fR(1)\n", to);
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static FILE *open_page(const char *directory, const char *name, char **path)
{
    if (asprintf(path, "%s/%s", directory, name) < 0)
        *path = NULL;
    FILE *page = *path ? fopen(*path, "we") : NULL;
    if (!page)
        failure(EXIT_IO, "%s/%s: can't be written: %s", directory, name, strerror(errno));
    return page;
}

static enum exit_code close_page(FILE *page, const char *path)
{
    bool written = !ferror(page);
    if (fclose(page) == 0 && written)
        return EXIT_OK;
    return failure(EXIT_IO, "%s: can't be written: %s", path, strerror(errno));
}

/* `command` NULL: the page that `put` makes of the document. */
static enum exit_code write_page(const char *directory, const char *name, const char *document,
                                 const struct command *command, void (*put)(FILE *, const char *))
{
    char *path = NULL;
    enum exit_code code = EXIT_IO;
    FILE *page = open_page(directory, name, &path);
    if (page) {
        if (command)
            put_command_page(page, command, document);
        else
            put(page, document);
        code = close_page(page, path);
    }
    free(path);
    return code;
}

static enum exit_code write_pages(const char *directory, const char *manual, const char *configuration)
{
    enum exit_code code = write_page(directory, "imgtool.1", manual, NULL, put_overview);
    if (code == EXIT_OK)
        code = write_page(directory, "stagecoach.conf.5", configuration, NULL, put_configuration);
    for (size_t i = 0; imgtool_commands[i] && code == EXIT_OK; i++) {
        char name[128];
        if (imgtool_commands[i]->hidden)
            continue;
        snprintf(name, sizeof name, "imgtool-%s.1", imgtool_commands[i]->name);
        code = write_page(directory, name, manual, imgtool_commands[i], NULL);
    }
    return code;
}

static int run(poptContext context)
{
    const char *operands[1];
    char *manual = NULL, *configuration = NULL;
    enum exit_code code = operands_take(context, "imgtool man --docs DIR OUTPUT-DIR", 1, 1, operands);
    if (code == EXIT_OK && !docs)
        code = failure(EXIT_USAGE, "--docs is missing");
    if (code == EXIT_OK)
        code = read_document("imgtool.md", &manual);
    if (code == EXIT_OK)
        code = read_document("configuration.md", &configuration);
    if (code == EXIT_OK)
        code = write_pages(operands[0], manual, configuration);
    free(manual);
    free(configuration);
    return code;
}

const struct command command_man = {
    .name = "man",
    .arguments = "DIRECTORY",
    .summary = "write the manual pages",
    .examples = "imgtool man --docs docs man",
    .options = options,
    .hidden = true,
    .run = run,
};
