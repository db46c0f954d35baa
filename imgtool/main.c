/* imgtool: the table of commands, and what they have in common on the command line. */
#include "cli.h"

#include <version.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

const struct command *const imgtool_commands[] = {
    &command_build_image,
    &command_build_iso,
    &command_build_direct,
    &command_build_netboot,
    &command_run,
    &command_test,
    &command_explain,
    &command_inspect,
    &command_ls,
    &command_cat,
    &command_verify,
    &command_diff,
    &command_update,
    &command_write,
    &command_devices,
    &command_convert,
    &command_doctor,
    &command_completion,
    &command_man,
    NULL,
};

/* A caller may have closed stdin, stdout or stderr: the first file that a command opens must not take its place, or
 * messages would go into it. For reading only, so that what is written there is an error as before. */
static bool fill_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDONLY) != fd)
            return false;
    return true;
}

static int finish(int code)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        cli_error("can't write to stdout");
        return EXIT_IO;
    }
    return code;
}

static int help(int argc, const char **argv)
{
    if (argc < 2) {
        cli_print_overview(stdout, imgtool_commands);
        return EXIT_OK;
    }
    const struct command *command = cli_find_command(imgtool_commands, argv[1]);
    if (!command)
        return EXIT_USAGE;
    cli_print_help(command);
    return EXIT_OK;
}

int main(int argc, char **argv)
{
    const char **words = (const char **)argv + 1;
    int count = argc - 1;
    if (!fill_standard_streams())
        return EXIT_IO;       /* nor is there a place to say so */
    signal(SIGXFSZ, SIG_IGN); /* 'ulimit -f': write() says EFBIG instead, here and in the programs that we start */
    if (count < 1) {
        cli_print_overview(stderr, imgtool_commands);
        return EXIT_USAGE;
    }
    if (strcmp(words[0], "--version") == 0) {
        printf("imgtool %s\n", STAGECOACH_VERSION);
        return finish(EXIT_OK);
    }
    if (strcmp(words[0], "help") == 0 || strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0)
        return finish(help(count, words));
    const struct command *command = cli_find_command(imgtool_commands, words[0]);
    return finish(command ? cli_run_command(command, count, words) : EXIT_USAGE);
}
