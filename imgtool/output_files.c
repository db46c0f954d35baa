#include "output_files.h"

#include "output.h"

#include <stdbool.h>
#include <sys/stat.h>

static enum exit_code check_kind(const struct output_file *file)
{
    struct stat found;
    if (stat(file->path, &found) != 0)
        return EXIT_OK;
    if (S_ISBLK(found.st_mode))
        return failure(EXIT_UNSAFE, "%s %s: is a disk; name a file", file->option, file->path);
    return EXIT_OK;
}

/* The same regular file, by whatever names, or the same name of one that is not there yet: two may well go to
 * /dev/null. */
static enum exit_code compare(const char *one, const char *other, bool *same)
{
    struct stat a, b;
    bool is_there = stat(one, &a) == 0, other_is_there = stat(other, &b) == 0;
    if (!is_there && !other_is_there)
        return output_same(one, other, same);
    *same = is_there && other_is_there && S_ISREG(a.st_mode) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    return EXIT_OK;
}

static enum exit_code check_others(const struct output_file *files, size_t index, const char *input)
{
    const struct output_file *file = &files[index];
    bool same = false;
    enum exit_code code = compare(file->path, input, &same);
    if (same)
        return failure(EXIT_UNSAFE, "%s %s: is the image or kernel itself; name another file", file->option,
                       file->path);
    for (size_t i = 0; i < index && code == EXIT_OK; i++) {
        if (files[i].path != NULL)
            code = compare(file->path, files[i].path, &same);
        if (same)
            return failure(EXIT_UNSAFE, "%s %s: is the file of %s, too; name another one", file->option, file->path,
                           files[i].option);
    }
    return code;
}

enum exit_code output_files_check(const struct output_file *files, size_t count, const char *input)
{
    enum exit_code code = EXIT_OK;
    for (size_t i = 0; i < count && code == EXIT_OK; i++) {
        if (files[i].path == NULL)
            continue;
        code = check_kind(&files[i]);
        if (code == EXIT_OK)
            code = check_others(files, i, input);
    }
    return code;
}
