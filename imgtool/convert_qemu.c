#include "convert_qemu.h"

#include "process.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

const struct disk_format *disk_format_find(const char *name)
{
    /* Without force_size a VHD's size would be what its geometry of cylinders gives, and the backup GPT would be cut.
     */
    static const struct disk_format formats[] = {
        {"qcow2", "qcow2", NULL, true},
        {"vhd", "vpc", "force_size=on", false},
        {"vmdk", "vmdk", NULL, true},
        {"vdi", "vdi", NULL, true},
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

struct job {
    const struct disk_format *format;
    const char *name;
    char program[PATH_MAX], from[PATH_MAX], to[PATH_MAX]; /* absolute: "a:b" would be a protocol to qemu-img */
};

static int run(const struct job *job, const char *const *words)
{
    struct arguments arguments = {0};
    arguments_add(&arguments, job->program);
    for (; *words; words++)
        arguments_add(&arguments, *words);
    int code = process_run(&arguments);
    arguments_free(&arguments);
    return code;
}

static enum exit_code convert(const struct job *job)
{
    const char *words[16];
    size_t count = 0;
    const char *const first[] = {"convert", "-q", "-f", "raw", "-O", job->format->qemu};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        words[count++] = first[i];
    if (job->format->options) {
        words[count++] = "-o";
        words[count++] = job->format->options;
    }
    words[count++] = job->from;
    words[count++] = job->to;
    words[count] = NULL;
    if (run(job, words) == 0)
        return EXIT_OK;
    return failure(EXIT_IO, "%s: qemu-img could not write it", job->name);
}

static enum exit_code check(const struct job *job)
{
    const char *const checking[] = {"check", "-q", "-f", job->format->qemu, job->to, NULL};
    const char *const comparing[] = {"compare", "-q", "-f", "raw", "-F", job->format->qemu, job->from, job->to, NULL};
    if (job->format->can_check && run(job, checking) != 0)
        return failure(EXIT_VERIFY_FAILED, "%s: 'qemu-img check' found what it wrote damaged", job->name);
    if (run(job, comparing) != 0)
        return failure(EXIT_VERIFY_FAILED, "%s: 'qemu-img compare' found another content than the image's", job->name);
    return EXIT_OK;
}

enum exit_code convert_qemu(const struct host_file *from, const struct disk_format *format, const char *temporary,
                            const char *name)
{
    struct job job = {.format = format, .name = name};
    if (!process_find("qemu-img", job.program))
        return failure(EXIT_HELPER_MISSING,
                       "qemu-img is not installed; this installs it:\n  apt-get install --no-install-recommends "
                       "qemu-utils");
    if (!realpath(from->path, job.from) || !realpath(temporary, job.to))
        return failure(EXIT_IO, "%s: %s", name, strerror(errno));
    enum exit_code code = convert(&job);
    return code == EXIT_OK ? check(&job) : code;
}
