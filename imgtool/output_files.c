#include "output_files.h"

#include "output.h"

#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct place {
    bool known;
    dev_t device;
    ino_t inode;             /* of the file, or of its directory if it is not there yet ... */
    char name[NAME_MAX + 1]; /* ... then this is its name */
};

static void find_new_place(const char *path, struct place *place)
{
    struct stat directory;
    char *followed = output_follow_link(path), *copy = followed ? strdup(followed) : NULL;
    if (copy && stat(dirname(copy), &directory) == 0) {
        const char *slash = strrchr(followed, '/');
        *place = (struct place){true, directory.st_dev, directory.st_ino, ""};
        strncat(place->name, slash ? slash + 1 : followed, NAME_MAX);
    }
    free(copy);
    free(followed);
}

static enum exit_code find_place(const struct output_file *file, struct place *place)
{
    struct stat found;
    *place = (struct place){0};
    if (stat(file->path, &found) != 0) {
        find_new_place(file->path, place);
        return EXIT_OK;
    }
    if (S_ISBLK(found.st_mode))
        return failure(EXIT_UNSAFE, "%s %s: is a disk; name a file", file->option, file->path);
    if (S_ISCHR(found.st_mode) && file->kind < OUTPUT_DEVICE)
        return failure(EXIT_UNSAFE, "%s %s: is a device; name a file", file->option, file->path);
    if (S_ISFIFO(found.st_mode) && file->kind < OUTPUT_PIPE)
        return failure(EXIT_UNSAFE, "%s %s: is a pipe; name a file", file->option, file->path);
    if (S_ISREG(found.st_mode)) /* two may well go to /dev/null */
        *place = (struct place){true, found.st_dev, found.st_ino, ""};
    return EXIT_OK;
}

static bool is_same(const struct place *a, const struct place *b)
{
    return a->known && b->known && a->device == b->device && a->inode == b->inode && strcmp(a->name, b->name) == 0;
}

enum exit_code output_files_check(const struct output_file *files, size_t count, const char *input)
{
    struct place places[OUTPUT_FILES_MAX];
    struct stat read;
    bool is_there = stat(input, &read) == 0;
    const struct place source = {is_there, is_there ? read.st_dev : 0, is_there ? read.st_ino : 0, ""};
    for (size_t i = 0; i < count; i++) {
        places[i] = (struct place){0};
        enum exit_code code = files[i].path ? find_place(&files[i], &places[i]) : EXIT_OK;
        if (code != EXIT_OK)
            return code;
        if (is_same(&places[i], &source))
            return failure(EXIT_UNSAFE, "%s %s: is the image or kernel itself; name another file", files[i].option,
                           files[i].path);
        for (size_t other = 0; other < i; other++)
            if (is_same(&places[i], &places[other]))
                return failure(EXIT_UNSAFE, "%s %s: is the file of %s, too; name another one", files[i].option,
                               files[i].path, files[other].option);
    }
    return EXIT_OK;
}
