#include "qemu_lists.h"

#include "cli.h"
#include "nearest.h"
#include "process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MAX (1u << 20)
#define ANSWER_TIME_MS 20000 /* it takes 0.1 s; a program that is no QEMU may wait for ever */

static const struct {
    const char *option, *noun;
    const char *known[5]; /* to every QEMU */
} kinds[QEMU_LIST_COUNT] = {
    [QEMU_MACHINES] = {"-machine", "machine", {"q35", "pc"}},
    [QEMU_CPUS] = {"-cpu", "CPU model", {"qemu64", "qemu32", "max", "host"}},
    [QEMU_CARDS] = {"-vga", "graphics card", {"none", "std"}},
    [QEMU_DEVICES] = {"-device", "device", {"virtio-net-pci"}},
};

/* QEMU's answer, to be freed; NULL: it gives none. */
static char *ask(const char *program, enum qemu_list list)
{
    struct arguments arguments = {0};
    int answer = memfd_create("answer", MFD_CLOEXEC), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC), status = 0;
    char *text = calloc(1, ANSWER_MAX + 1);
    arguments_add(&arguments, program);
    arguments_add(&arguments, kinds[list].option);
    arguments_add(&arguments, "help");
    pid_t pid = answer >= 0 && nowhere >= 0 && text != NULL ? process_start_to(&arguments, answer, nowhere) : -1;
    bool ended = pid > 0 && process_wait(pid, ANSWER_TIME_MS, &status);
    if (pid > 0 && !ended) {
        kill(-pid, SIGKILL);
        waitpid(pid, &status, 0);
    }
    bool good = ended && WIFEXITED(status) && WEXITSTATUS(status) == 0 && pread(answer, text, ANSWER_MAX, 0) > 0;
    if (!good) {
        free(text);
        text = NULL;
    }
    if (answer >= 0)
        close(answer);
    if (nowhere >= 0)
        close(nowhere);
    arguments_free(&arguments);
    return text;
}

struct names {
    bool asked;
    char **list;
    size_t count;
};

/* For as long as we live: it is always the same QEMU. */
static const struct names *names_of(const char *program, enum qemu_list list)
{
    static struct names all[QEMU_LIST_COUNT];
    struct names *names = &all[list];
    if (names->asked)
        return names;
    names->asked = true;
    char *text = ask(program, list);
    if (text != NULL)
        names->list = qemu_list_parse(list, text, &names->count);
    free(text);
    return names;
}

static bool is_same(const char *name, const char *wanted, size_t length)
{
    return strlen(name) == length && memcmp(name, wanted, length) == 0;
}

static bool is_known(const char *program, enum qemu_list list, const char *name, size_t length)
{
    for (const char *const *known = kinds[list].known; *known != NULL; known++)
        if (is_same(*known, name, length))
            return true;
    const struct names *names = names_of(program, list);
    for (size_t i = 0; i < names->count; i++)
        if (is_same(names->list[i], name, length))
            return true;
    return names->count == 0;
}

bool qemu_lists_ok(const char *program, enum qemu_list list, const char *where, const char *value, const char *name)
{
    size_t length = name == NULL ? 0 : list == QEMU_CPUS ? strcspn(name, ",") : strlen(name);
    if (name == NULL || is_known(program, list, name, length))
        return true;
    const struct names *names = names_of(program, list);
    char *word = strndup(name, length);
    if (word == NULL)
        abort();
    const char *nearest = nearest_word(word, (const char *const *)names->list, names->count);
    free(word);
    if (nearest != NULL)
        cli_error("%s %s: this QEMU has no such %s; did you mean '%s'?", where, value, kinds[list].noun, nearest);
    else
        cli_error("%s %s: this QEMU has no such %s; '%s %s help' lists all", where, value, kinds[list].noun, program,
                  kinds[list].option);
    return false;
}
