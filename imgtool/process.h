/* Child processes and private temporary directories. Errors are printed on stderr where they happen. */
#ifndef STAGECOACH_IMGTOOL_PROCESS_H
#define STAGECOACH_IMGTOOL_PROCESS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A NULL-terminated argument vector that owns its strings. Start with {0}. */
struct arguments {
    char **items;
    size_t count, room;
};

void arguments_add(struct arguments *arguments, const char *text);
__attribute__((format(printf, 2, 3))) void arguments_addf(struct arguments *arguments, const char *format, ...);
/* The line that a shell would take; the caller's to free. */
char *arguments_text(const struct arguments *arguments);

void arguments_free(struct arguments *arguments);

/* Looks for an executable `name` in PATH, or takes it as it is if it has a slash. `path` gets PATH_MAX bytes. */
__attribute__((nonnull)) bool process_find(const char *name, char *path);

/* Starts a program: stdin is /dev/null, stdout and stderr are ours, of the other descriptors only `keep[0..count)` stay
 * open. It leads a process group of its own, so that Ctrl-C reaches only us, and dies with us. Returns the pid, or -1.
 */
pid_t process_start(const struct arguments *arguments, const int *keep, size_t count);

/* The same with other files as its stdout and stderr. */
pid_t process_start_to(const struct arguments *arguments, int output, int errors);

/* Waits at most `timeout_ms`. True: it has ended, `status` is as waitpid() gives it. */
bool process_wait(pid_t pid, int timeout_ms, int *status);

/* Runs a program to its end with our stdout and stderr. Returns its exit code, or -1 if it could not run or was killed.
 */
int process_run(const struct arguments *arguments);

/* Makes a directory that only we can read, in $TMPDIR or /tmp. `path` gets PATH_MAX bytes. */
bool temporary_directory_make(char *path);

/* Removes the directory with the plain files in it. */
void temporary_directory_remove(const char *path);

#endif
