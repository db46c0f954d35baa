#include "output_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DESCRIPTORS 16

static int remove_entry(const char *path, const struct stat *stat_of, int kind, struct FTW *place)
{
    (void)stat_of;
    (void)kind;
    (void)place;
    return remove(path);
}

static int remove_tree(const char *path)
{
    return nftw(path, remove_entry, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}

static void hold_back_signals(sigset_t *before)
{
    sigset_t set;
    output_fatal_signals(&set);
    sigprocmask(SIG_BLOCK, &set, before);
}

/* One of those held back: it ends us when output_directory_end() lets it through. */
static enum exit_code check_signals(void)
{
    sigset_t pending, fatal;
    output_fatal_signals(&fatal);
    sigpending(&pending);
    sigandset(&pending, &pending, &fatal);
    return sigisemptyset(&pending) ? EXIT_OK : EXIT_FAILED;
}

enum exit_code output_directory_begin(struct output_directory *output, const char *path)
{
    *output = (struct output_directory){.path = path, .fd = -1};
    hold_back_signals(&output->signals);
    char *copy = strdup(path);
    if (copy == NULL || asprintf(&output->temporary, "%s/.imgtool-" OUTPUT_RANDOM, dirname(copy)) < 0) {
        output->temporary = NULL;
        free(copy);
        return failure_memory();
    }
    free(copy);
    if (mkdtemp(output->temporary) == NULL) {
        enum exit_code code = failure(EXIT_IO, "%s: can't be created: %s", path, strerror(errno));
        free(output->temporary);
        output->temporary = NULL;
        return code;
    }
    output->fd = open(output->temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (output->fd < 0 || fchmod(output->fd, 0777 & ~output_umask()) != 0)
        return failure(EXIT_IO, "%s: can't be created: %s", path, strerror(errno));
    return EXIT_OK;
}

/* The directories of "a/b/file", which stay in `name` with '/' between them. */
static bool make_directories(int fd, char *name)
{
    for (char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = mkdirat(fd, name, 0777) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}

/* `to`: the file's name, for messages. */
static enum exit_code write_item(const struct image_item *item, int fd, const char *to)
{
    if (ftruncate(fd, (off_t)image_item_size(item)) != 0)
        return failure(EXIT_IO, "%s: can't become %lu bytes big: %s", to, image_item_size(item), strerror(errno));
    return item->bytes.data != NULL ? host_write(fd, 0, item->bytes.data, item->bytes.size, to)
                                    : host_file_copy(&item->file, fd, 0, to);
}

enum exit_code output_directory_add(struct output_directory *output, const struct image_item *item)
{
    char *name = strdup(item->path + 1), *to; /* paths are absolute */
    if (name == NULL || asprintf(&to, "%s%s", output->path, item->path) < 0) {
        free(name);
        return failure_memory();
    }
    enum exit_code code = EXIT_OK;
    int fd = make_directories(output->fd, name)
                 ? openat(output->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)
                 : -1;
    if (fd < 0)
        code = failure(EXIT_IO, "%s: can't be created: %s", to, strerror(errno));
    if (code == EXIT_OK)
        code = write_item(item, fd, to);
    if (fd >= 0 && close(fd) != 0 && code == EXIT_OK) /* tells of errors that a file system kept back until then */
        code = failure(EXIT_IO, "%s: can't be written: %s", to, strerror(errno));
    free(to);
    free(name);
    return code == EXIT_OK ? check_signals() : code;
}

/* What was there before changes places with the new one, and goes. */
enum exit_code output_directory_commit(struct output_directory *output)
{
    if (rename(output->temporary, output->path) == 0) {
        free(output->temporary);
        output->temporary = NULL;
        return EXIT_OK;
    }
    if ((errno != ENOTEMPTY && errno != EEXIST) ||
        renameat2(AT_FDCWD, output->temporary, AT_FDCWD, output->path, RENAME_EXCHANGE) != 0)
        return failure(EXIT_IO, "%s: can't be put in place: %s", output->path, strerror(errno));
    return EXIT_OK; /* output_directory_end() removes the old one */
}

void output_directory_end(struct output_directory *output)
{
    if (output->fd >= 0)
        close(output->fd);
    if (output->temporary != NULL && remove_tree(output->temporary) != 0)
        failure(EXIT_IO, "%s: can't be removed: %s", output->temporary, strerror(errno));
    free(output->temporary);
    sigprocmask(SIG_SETMASK, &output->signals, NULL);
    *output = (struct output_directory){.fd = -1};
}
