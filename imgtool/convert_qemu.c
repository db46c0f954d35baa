#include "convert_qemu.h"

#include "process.h"
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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
    uint64_t size;                                        /* of the image */
    char program[PATH_MAX], from[PATH_MAX], to[PATH_MAX]; /* absolute: "a:b" would be a protocol to qemu-img */
};

/* qemu-img -p says how far it is: "    (12.50/100%)", a carriage return, and so on. */
static void follow(const struct job *job, int fd)
{
    char *line = NULL;
    size_t room = 0;
    uint64_t done = 0;
    FILE *from = fdopen(fd, "r");
    while (from && getdelim(&line, &room, '\r', from) > 0) {
        const char *number = strchr(line, '(');
        double percent = number ? strtod(number + 1, NULL) : 0;
        uint64_t now = percent > 0 && percent <= 100 ? (uint64_t)((double)job->size * percent / 100) : done;
        if (now > done)
            progress_add(now - done);
        done = now > done ? now : done;
    }
    free(line);
    if (from)
        fclose(from);
    else
        close(fd);
}

static int run_followed(const struct job *job, const struct arguments *arguments)
{
    int ends[2], status;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return process_run(arguments);
    pid_t pid = process_start_to(arguments, ends[1], STDERR_FILENO);
    close(ends[1]);
    follow(job, ends[0]);
    return pid >= 0 && process_wait(pid, -1, &status) && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* `what`: for the user, while it goes on; NULL: it does not say how far it is. */
static int run(const struct job *job, const char *what, const char *const *words)
{
    struct arguments arguments = {0};
    bool followed = what != NULL && progress_is_shown();
    arguments_add(&arguments, job->program);
    arguments_add(&arguments, *words++);
    arguments_add(&arguments, followed ? "-p" : "-q");
    for (; *words; words++)
        arguments_add(&arguments, *words);
    progress_begin(what, job->size);
    int code = followed ? run_followed(job, &arguments) : process_run(&arguments);
    progress_end();
    arguments_free(&arguments);
    return code;
}

static enum exit_code convert(const struct job *job)
{
    const char *words[16];
    size_t count = 0;
    const char *const first[] = {"convert", "-f", "raw", "-O", job->format->qemu};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        words[count++] = first[i];
    if (job->format->options) {
        words[count++] = "-o";
        words[count++] = job->format->options;
    }
    words[count++] = job->from;
    words[count++] = job->to;
    words[count] = NULL;
    if (run(job, "converting", words) == 0)
        return EXIT_OK;
    return failure(EXIT_IO, "%s: qemu-img could not write it", job->name);
}

static enum exit_code check(const struct job *job)
{
    const char *const checking[] = {"check", "-f", job->format->qemu, job->to, NULL};
    const char *const comparing[] = {"compare", "-f", "raw", "-F", job->format->qemu, job->from, job->to, NULL};
    if (job->format->can_check && run(job, NULL, checking) != 0)
        return failure(EXIT_VERIFY_FAILED, "%s: 'qemu-img check' found what it wrote damaged", job->name);
    if (run(job, "comparing", comparing) != 0)
        return failure(EXIT_VERIFY_FAILED, "%s: 'qemu-img compare' found another content than the image's", job->name);
    return EXIT_OK;
}

enum exit_code convert_qemu(const struct host_file *from, const struct disk_format *format, const char *temporary,
                            const char *name)
{
    struct job job = {.format = format, .name = name, .size = from->size};
    if (!process_find("qemu-img", job.program))
        return failure(EXIT_HELPER_MISSING,
                       "qemu-img is not installed; this installs it:\n  apt-get install --no-install-recommends "
                       "qemu-utils");
    if (!realpath(from->path, job.from) || !realpath(temporary, job.to))
        return failure(EXIT_IO, "%s: %s", name, strerror(errno));
    enum exit_code code = convert(&job);
    return code == EXIT_OK ? check(&job) : code;
}
