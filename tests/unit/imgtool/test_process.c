#include "cmocka_all.h"

#include <process.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start_shell(const char *script, const int *keep, size_t count)
{
    struct arguments arguments = {0};
    arguments_add(&arguments, "/bin/sh");
    arguments_add(&arguments, "-c");
    arguments_add(&arguments, script);
    pid_t pid = process_start(&arguments, keep, count);
    arguments_free(&arguments);
    assert_true(pid > 0);
    return pid;
}

static int exit_code(pid_t pid)
{
    int status = 0;
    assert_true(process_wait(pid, 60000, &status));
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void arguments_grow(void **state)
{
    (void)state;
    struct arguments arguments = {0};
    for (int i = 0; i < 100; i++)
        arguments_addf(&arguments, "number %d", i);
    assert_int_equal(arguments.count, 100);
    assert_string_equal(arguments.items[0], "number 0");
    assert_string_equal(arguments.items[99], "number 99");
    assert_null(arguments.items[100]);
    arguments_free(&arguments);
}

static void finds_programs(void **state)
{
    (void)state;
    char path[PATH_MAX];
    char *before = strdup(getenv("PATH"));
    assert_true(process_find("/bin/sh", path));
    assert_string_equal(path, "/bin/sh");
    assert_false(process_find("/bin", path));
    setenv("PATH", ":/nonexistent:/bin:", 1);
    assert_true(process_find("sh", path));
    assert_string_equal(path, "/bin/sh");
    assert_false(process_find("no-such-program", path));
    unsetenv("PATH");
    assert_false(process_find("sh", path));
    setenv("PATH", before, 1);
    free(before);
}

static void children_get_only_what_they_should(void **state)
{
    (void)state;
    int kept = open("/dev/null", O_RDONLY | O_CLOEXEC), other = open("/dev/null", O_RDONLY);
    char script[160];
    assert_true(kept > 2 && other > 2);
    snprintf(script, sizeof script, "test -e /proc/self/fd/%d && ! test -e /proc/self/fd/%d && ! read line", kept,
             other);
    assert_int_equal(exit_code(start_shell(script, &kept, 1)), 0);
    close(kept);
    close(other);
}

static void children_lead_a_group_with_no_signal_blocked(void **state)
{
    (void)state;
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = start_shell("grep -q 'SigBlk:[[:space:]]*0*$' /proc/self/status && exec sleep 60", NULL, 0);
    sigprocmask(SIG_SETMASK, &before, NULL);
    int status = 0;
    assert_false(process_wait(pid, 200, &status)); /* grep found it: the child sleeps */
    assert_int_equal(getpgid(pid), pid);
    kill(pid, SIGKILL);
    assert_true(process_wait(pid, 60000, &status));
    assert_true(WIFSIGNALED(status));
}

static void tells_what_can_not_run(void **state)
{
    (void)state;
    struct arguments arguments = {0};
    arguments_add(&arguments, "/nonexistent/program");
    assert_int_equal(process_run(&arguments), 127);
    arguments_free(&arguments);
}

static void directories_come_and_go(void **state)
{
    (void)state;
    char path[PATH_MAX], file[PATH_MAX + 8];
    struct stat stat_of;
    assert_true(temporary_directory_make(path));
    assert_int_equal(stat(path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0700);
    snprintf(file, sizeof file, "%s/file", path);
    close(open(file, O_WRONLY | O_CREAT, 0600));
    temporary_directory_remove(path);
    assert_int_not_equal(stat(path, &stat_of), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_grow),
        cmocka_unit_test(finds_programs),
        cmocka_unit_test(children_get_only_what_they_should),
        cmocka_unit_test(children_lead_a_group_with_no_signal_blocked),
        cmocka_unit_test(tells_what_can_not_run),
        cmocka_unit_test(directories_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
