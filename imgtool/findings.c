#include "findings.h"

#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void findings_add(struct findings *findings, const char *structure, uint64_t offset, const char *format, ...)
{
    struct finding finding = {.structure = strdup(structure), .offset = offset};
    struct finding *list = reallocarray(findings->list, findings->count + 1, sizeof *list);
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&finding.text, format, arguments);
    va_end(arguments);
    if (length < 0 || list == NULL || finding.structure == NULL ||
        asprintf(&finding.sentence, "%s %s", structure, finding.text) < 0)
        exit(failure_memory());
    findings->list = list;
    list[findings->count++] = finding;
}

void findings_free(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->list[i].structure);
        free(findings->list[i].text);
        free(findings->list[i].sentence);
    }
    free(findings->list);
    *findings = (struct findings){0};
}
