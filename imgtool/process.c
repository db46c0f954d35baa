#include "process.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESS_RANDOM                                                                                                 \
    "XX"                                                                                                               \
    "XX"                                                                                                               \
    "XX" /* what mkdtemp() replaces */

static void add_owned(struct arguments *arguments, char *text)
{
    if (!text)
        err(1, "arguments");
    if (arguments->count + 1 >= arguments->room) {
        size_t room = arguments->room ? arguments->room * 2 : 32;
        char **items = reallocarray(arguments->items, room, sizeof *items);
        if (!items)
            err(1, "arguments");
        arguments->items = items;
        arguments->room = room;
    }
    arguments->items[arguments->count++] = text;
    arguments->items[arguments->count] = NULL;
}

void arguments_add(struct arguments *arguments, const char *text)
{
    add_owned(arguments, strdup(text));
}

void arguments_addf(struct arguments *arguments, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *text;
    if (vasprintf(&text, format, list) < 0)
        text = NULL;
    va_end(list);
    add_owned(arguments, text);
}

static void print_quoted(FILE *to, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+,./:@%";
    if (*text && strspn(text, plain) == strlen(text)) {
        fputs(text, to);
        return;
    }
    fputc('\'', to);
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\'", to);
        fputc(*text, to);
    }
    fputc('\'', to);
}

char *arguments_text(const struct arguments *arguments)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    for (size_t i = 0; to && i < arguments->count; i++) {
        if (i)
            fputc(' ', to);
        print_quoted(to, arguments->items[i]);
    }
    if (!to || fclose(to) != 0)
        err(1, "arguments");
    return text;
}

void arguments_free(struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++)
        free(arguments->items[i]);
    free(arguments->items);
    *arguments = (struct arguments){0};
}

static bool is_program(const char *path)
{
    struct stat stat_of;
    return stat(path, &stat_of) == 0 && S_ISREG(stat_of.st_mode) && access(path, X_OK) == 0;
}

bool process_find(const char *name, char *path)
{
    if (strchr(name, '/'))
        return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX && is_program(path);
    const char *directory = getenv("PATH");
    while (directory && *directory) {
        size_t size = strcspn(directory, ":");
        int length = snprintf(path, PATH_MAX, "%.*s/%s", (int)size, directory, name);
        if (size && length < PATH_MAX && is_program(path))
            return true;
        directory += size + (directory[size] == ':');
    }
    return false;
}

/* In the child, before exec: everything that would tie it to our terminal and descriptors is cut. */
static void child_prepare(pid_t parent, const int *keep, size_t count, int output, int errors)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0)
        _exit(127);
    if (dup2(output, STDOUT_FILENO) < 0 || dup2(errors, STDERR_FILENO) < 0)
        _exit(127);
    close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
    for (size_t i = 0; i < count; i++)
        fcntl(keep[i], F_SETFD, 0);
}

static pid_t start(const struct arguments *arguments, const int *keep, size_t count, int output, int errors)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0) {
        warn("can't start %s", arguments->items[0]);
        return -1;
    }
    if (pid > 0)
        return pid;
    child_prepare(parent, keep, count, output, errors);
    execv(arguments->items[0], arguments->items);
    warn("can't start %s", arguments->items[0]);
    _exit(127);
}

pid_t process_start(const struct arguments *arguments, const int *keep, size_t count)
{
    return start(arguments, keep, count, STDOUT_FILENO, STDERR_FILENO);
}

pid_t process_start_to(const struct arguments *arguments, int output, int errors)
{
    return start(arguments, NULL, 0, output, errors);
}

bool process_wait(pid_t pid, int timeout_ms, int *status)
{
    int handle = (int)syscall(SYS_pidfd_open, pid, 0);
    if (handle < 0)
        return waitpid(pid, status, 0) == pid;
    struct pollfd ended = {.fd = handle, .events = POLLIN};
    int ready;
    do {
        ready = poll(&ended, 1, timeout_ms);
    } while (ready < 0 && errno == EINTR);
    close(handle);
    return ready == 1 && waitpid(pid, status, 0) == pid;
}

int process_run(const struct arguments *arguments)
{
    int status;
    pid_t pid = process_start(arguments, NULL, 0);
    if (pid < 0 || !process_wait(pid, -1, &status) || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

bool temporary_directory_make(char *path)
{
    const char *base = getenv("TMPDIR");
    if (!base || !*base)
        base = "/tmp";
    if (snprintf(path, PATH_MAX, "%s/imgtool-" PROCESS_RANDOM, base) >= PATH_MAX || !mkdtemp(path)) {
        warn("can't make a temporary directory in %s", base);
        return false;
    }
    return true;
}

void temporary_directory_remove(const char *path)
{
    DIR *directory = opendir(path);
    if (!directory)
        return;
    for (const struct dirent *entry; (entry = readdir(directory));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(directory), entry->d_name, 0);
    closedir(directory);
    rmdir(path);
}
