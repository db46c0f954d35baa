#include "output.h"

#include "direct_file.h"
#include "image_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int fatal_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
#define FATAL_SIGNALS (sizeof fatal_signals / sizeof fatal_signals[0])

static char *volatile removed_on_signal[OUTPUT_MAX]; /* for the handler */

static void on_fatal_signal(int number)
{
    for (size_t i = 0; i < OUTPUT_MAX; i++)
        if (removed_on_signal[i] != NULL)
            unlink(removed_on_signal[i]);
    signal(number, SIG_DFL);
    raise(number); /* blocked until the handler returns: then it ends us as if nobody had caught it */
}

void output_fatal_signals(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < FATAL_SIGNALS; i++)
        sigaddset(set, fatal_signals[i]);
}

/* The file and the handler's knowledge of it come and go together. */
static void block_signals(bool block)
{
    sigset_t set;
    output_fatal_signals(&set);
    sigprocmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_fatal_signal};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < FATAL_SIGNALS; i++) {
        struct sigaction before;
        sigaction(fatal_signals[i], NULL, &before);
        if (before.sa_handler != SIG_IGN) /* nohup */
            sigaction(fatal_signals[i], &action, NULL);
    }
}

enum exit_code output_check(const char *path, bool force, const struct host_file *const *inputs, size_t input_count)
{
    struct stat stat_now;
    if (stat(path, &stat_now) != 0) {
        if (errno == ENOENT)
            return EXIT_OK;
        return failure(EXIT_IO, "%s: %s", path, strerror(errno));
    }
    if (S_ISBLK(stat_now.st_mode))
        return failure(EXIT_UNSAFE, "%s: is a device; write the image to a file, then copy that with 'dd'", path);
    if (!S_ISREG(stat_now.st_mode))
        return failure(EXIT_UNSAFE, "%s: exists and is not a regular file; choose another with -o FILE", path);
    for (size_t i = 0; i < input_count; i++)
        if (inputs[i]->stat.st_dev == stat_now.st_dev && inputs[i]->stat.st_ino == stat_now.st_ino)
            return failure(EXIT_UNSAFE, "%s: is the input %s itself; choose another output with -o FILE", path,
                           inputs[i]->path);
    if (!force && stat_now.st_size != 0 && !image_probe(path) && !direct_file_probe(path))
        return failure(EXIT_UNSAFE, "%s: exists and is nothing that imgtool has made; --force overwrites it", path);
    return EXIT_OK;
}

mode_t output_umask(void)
{
    mode_t mask = umask(077);
    umask(mask);
    return mask;
}

char *output_follow_link(const char *path)
{
    char target[PATH_MAX], *followed = NULL;
    if (realpath(path, target) != NULL)
        return strdup(target);
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0)
        return strdup(path);
    target[length] = '\0';
    if (target[0] == '/')
        return strdup(target);
    char *copy = strdup(path);
    if (copy == NULL || asprintf(&followed, "%s/%s", dirname(copy), target) < 0)
        followed = NULL;
    free(copy);
    return followed;
}

/* Fills in both names. A link stays a link: the file behind it is replaced. */
static enum exit_code name_files(struct output *output, const char *path)
{
    output->path = output_follow_link(path);
    char *copy = output->path != NULL ? strdup(output->path) : NULL;
    if (copy == NULL || asprintf(&output->temporary, "%s/.imgtool-" OUTPUT_RANDOM, dirname(copy)) < 0) {
        output->temporary = NULL;
        free(copy);
        return failure_memory();
    }
    free(copy);
    return EXIT_OK;
}

/* A rename replaces a name: two names are the same if they stand in the same directory. */
enum exit_code output_same(const char *one, const char *other, bool *same)
{
    char *paths[] = {output_follow_link(one), output_follow_link(other)};
    struct stat directories[2];
    bool known = paths[0] != NULL && paths[1] != NULL;
    *same = known && strcmp(basename(paths[0]), basename(paths[1])) == 0 &&
            stat(dirname(paths[0]), &directories[0]) == 0 && stat(dirname(paths[1]), &directories[1]) == 0 &&
            directories[0].st_dev == directories[1].st_dev && directories[0].st_ino == directories[1].st_ino;
    free(paths[0]);
    free(paths[1]);
    return known ? EXIT_OK : failure_memory();
}

static void forget(const struct output *output)
{
    for (size_t i = 0; i < OUTPUT_MAX; i++)
        if (removed_on_signal[i] == output->temporary)
            removed_on_signal[i] = NULL;
}

static void remember(struct output *output)
{
    size_t i = 0;
    while (i + 1 < OUTPUT_MAX && removed_on_signal[i] != NULL)
        i++;
    removed_on_signal[i] = output->temporary;
    output->made = true;
}

enum exit_code output_begin(struct output *output, const char *path, uint64_t size)
{
    *output = (struct output){.fd = -1};
    enum exit_code code = name_files(output, path);
    if (code != EXIT_OK)
        return code;
    catch_signals();
    block_signals(true);
    output->fd = mkostemp(output->temporary, O_CLOEXEC);
    int error = errno;
    if (output->fd >= 0)
        remember(output);
    block_signals(false);
    if (output->fd < 0)
        return failure(EXIT_IO, "%s: can't be created: %s", path, strerror(error));
    if (fchmod(output->fd, 0666 & ~output_umask()) != 0 || ftruncate(output->fd, (off_t)size) != 0)
        return failure(EXIT_IO, "%s: can't become %lu bytes big: %s%s", path, size, strerror(errno),
                       errno == EFBIG ? "; the file system or 'ulimit -f' allows no bigger file" : "");
    return EXIT_OK;
}

/* The image is not forced to the disk, as no builder does with what can be built again: that would take longer than all
 * else together. Closing tells of errors that a file system kept back until then. */
enum exit_code output_finish(struct output *output)
{
    int closed = output->fd >= 0 ? close(output->fd) : 0;
    output->fd = -1;
    if (closed != 0)
        return failure(EXIT_IO, "%s: can't be written: %s", output->path, strerror(errno));
    return EXIT_OK;
}

static enum exit_code place(struct output *output)
{
    if (rename(output->temporary, output->path) != 0)
        return failure(EXIT_IO, "%s: can't be put in place: %s", output->path, strerror(errno));
    forget(output);
    output->made = false;
    return EXIT_OK;
}

enum exit_code output_commit(struct output *output)
{
    enum exit_code code = output_finish(output);
    if (code != EXIT_OK)
        return code;
    block_signals(true);
    code = place(output);
    block_signals(false);
    return code;
}

static bool exchange(const struct output *output)
{
    struct stat found;
    return lstat(output->path, &found) == 0 && S_ISREG(found.st_mode) &&
           renameat2(AT_FDCWD, output->temporary, AT_FDCWD, output->path, RENAME_EXCHANGE) == 0;
}

/* Where there was a file, it is kept under the temporary name until the other one is in its place, too. */
static enum exit_code place_both(struct output *one, struct output *other)
{
    bool kept = exchange(one);
    enum exit_code code = kept ? EXIT_OK : place(one);
    if (code != EXIT_OK)
        return code;
    code = place(other);
    if (code == EXIT_OK || (kept && exchange(one)))
        return code;
    if (!kept) {
        unlink(one->path);
    } else if (rename(one->temporary, one->path) == 0) {
        forget(one);
        one->made = false;
    }
    return code;
}

enum exit_code output_commit_both(struct output *one, struct output *other)
{
    enum exit_code code = output_finish(one);
    if (code == EXIT_OK)
        code = output_finish(other);
    if (code != EXIT_OK)
        return code;
    block_signals(true);
    code = place_both(one, other);
    block_signals(false);
    return code;
}

void output_end(struct output *output)
{
    block_signals(true);
    if (output->made) {
        unlink(output->temporary);
        forget(output);
    }
    block_signals(false);
    if (output->fd >= 0)
        close(output->fd);
    free(output->path);
    free(output->temporary);
    *output = (struct output){.fd = -1};
}
