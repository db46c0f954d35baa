#include "cmocka_all.h"

#include <qemu_lists.h>

#include <process.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void assert_names(enum qemu_list list, const char *text, const char *wanted)
{
    size_t count;
    char joined[256] = "", **names = qemu_list_parse(list, text, &count);
    for (size_t i = 0; i < count; i++) {
        strcat(strcat(joined, names[i]), ";");
        free(names[i]);
    }
    free(names);
    assert_string_equal(joined, wanted);
}

static void answers_are_read(void **state)
{
    (void)state;
    assert_names(QEMU_CPUS,
                 "Available CPUs:\nx86 486                   (alias)\nx86 Haswell-v4            Intel\n\n"
                 "Recognized CPUID flags:\n  3dnow avx\n",
                 "486;Haswell-v4;");
    assert_names(QEMU_CPUS, "Available CPUs:\n  486-v1\n  base    none\n\nRecognized CPUID flags:\n  avx\n",
                 "486-v1;base;");
    assert_names(QEMU_MACHINES, "Supported machines are:\nmicrovm   microvm (i386)\nq35    Standard PC",
                 "microvm;q35;");
    assert_names(QEMU_CARDS, "none      no graphic card\nstd     standard VGA (default)\n", "none;std;");
    assert_names(QEMU_DEVICES,
                 "Network devices:\nname \"e1000\", bus PCI, alias \"x\"\nname \"usb-net\", bus usb-bus\nname \"open\n",
                 "e1000;usb-net;");
    assert_names(QEMU_CARDS, "", "");
}

/* A program that lists one CPU, and notes that it was asked; of cards it knows nothing. */
static void write_program(const char *directory, char *program)
{
    snprintf(program, PATH_MAX, "%.4000s/qemu", directory);
    FILE *file = fopen(program, "w");
    assert_non_null(file);
    fprintf(
        file,
        "#!/bin/sh\necho asked >> '%s/asked'\n[ $1 = -cpu ] && printf 'Available CPUs:\\nx86 Modell\\n' || exit 1\n",
        directory);
    fclose(file);
    assert_int_equal(chmod(program, 0700), 0);
}

static long times_asked(const char *directory)
{
    char path[PATH_MAX + 8];
    struct stat stat_of;
    snprintf(path, sizeof path, "%.4000s/asked", directory);
    return stat(path, &stat_of) == 0 ? (long)stat_of.st_size / (long)strlen("asked\n") : 0;
}

static void qemu_is_asked_once_and_only_for_what_is_not_known(void **state)
{
    (void)state;
    char directory[PATH_MAX], program[PATH_MAX];
    assert_true(temporary_directory_make(directory));
    write_program(directory, program);
    assert_true(qemu_lists_ok(program, QEMU_CPUS, "--cpu", NULL, NULL));
    assert_true(qemu_lists_ok(program, QEMU_CPUS, "--cpu", "max,-nx", "max,-nx"));
    assert_true(qemu_lists_ok(program, QEMU_CARDS, "--vga", "none", "none"));
    assert_int_equal(times_asked(directory), 0);
    assert_true(qemu_lists_ok(program, QEMU_CPUS, "--cpu", "Modell,+x", "Modell,+x"));
    assert_false(qemu_lists_ok(program, QEMU_CPUS, "--cpu", "Model", "Model"));
    assert_false(qemu_lists_ok(program, QEMU_CPUS, "--cpu", "other", "other"));
    assert_int_equal(times_asked(directory), 1);
    assert_true(qemu_lists_ok(program, QEMU_CARDS, "--vga", "qxl", "qxl")); /* it gives no list */
    assert_true(qemu_lists_ok("/none/qemu", QEMU_MACHINES, "--machine", "microvm", "microvm"));
    assert_int_equal(times_asked(directory), 2);
    temporary_directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(qemu_is_asked_once_and_only_for_what_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
