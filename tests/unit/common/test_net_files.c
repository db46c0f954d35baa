/* Which names the boot server is asked for. */
#include "cmocka_all.h"

#include "net_files.h"

#include <string.h>

static char asked[DATAGRAM_SIZE_MAX];
static uint16_t asked_port;

/* --- a server without files -------------------------------------------------------------------------------------- */

static enum status send(void *context, uint16_t local_port, uint16_t server_port, const void *data, size_t size,
                        struct error *error)
{
    (void)context;
    (void)local_port;
    (void)error;
    assert_in_range(size, 4, sizeof asked);
    assert_memory_equal(data, "\0\1", 2); /* a read request, with the name behind it */
    memcpy(asked, (const char *)data + 2, size - 2);
    asked_port = server_port;
    return STATUS_OK;
}

static enum status receive(void *context, uint16_t local_port, uint16_t *server_port, void *data, size_t *size,
                           struct error *error)
{
    static const char missing[] = "\0\5\0\1no";
    (void)context;
    (void)local_port;
    (void)error;
    *server_port = 1000;
    *size = sizeof missing;
    memcpy(data, missing, sizeof missing);
    return STATUS_OK;
}

static const struct datagram_link link = {.send = send, .receive = receive};

static void expect(const char *boot_file, uint16_t port, const char *path, const char *name)
{
    struct firmware_file file;
    struct error error;
    asked[0] = '\0';
    assert_int_equal(net_files_start("10.9.8.1", port, boot_file, &link, &error), STATUS_OK);
    assert_int_equal(net_files_open(path, &file, &error), STATUS_FILE_NOT_FOUND);
    assert_string_equal(asked, name);
    assert_int_equal(asked_port, port != 0 ? port : 69);
    assert_non_null(strstr(error.text, "10.9.8.1"));
}

static void names_are_below_the_boot_programs_directory(void **state)
{
    (void)state;
    expect("stagecoach.0", 0, "/stagecoach.conf", "stagecoach.conf");
    expect("lab/stagecoach.0", 0, "/stagecoach.conf", "lab/stagecoach.conf");
    expect("/srv/lab/stagecoach.0", 1069, "/boot/kernel.elf", "/srv/lab/boot/kernel.elf");
    expect("stagecoach.0", 0, "/boot/kernel.elf", "boot/kernel.elf");
}

static void a_server_with_backslashes_is_asked_with_them(void **state)
{
    (void)state;
    expect("boot\\x64\\stagecoach.0", 0, "/boot/kernel.elf", "boot\\x64\\boot\\kernel.elf");
    expect("\\stagecoach.0", 0, "/stagecoach.conf", "\\stagecoach.conf");
    expect("a/b\\stagecoach.0", 0, "/c/d", "a/b\\c\\d");
    expect("a\\b/stagecoach.0", 0, "/c/d", "a\\b/c/d");
}

static void a_directory_has_a_longest_name(void **state)
{
    char boot_file[NET_DIRECTORY_MAX + 3];
    struct error error;
    (void)state;
    memset(boot_file, 'd', sizeof boot_file);
    memcpy(boot_file + NET_DIRECTORY_MAX - 1, "/x", 3);
    assert_int_equal(net_files_start("", 0, boot_file, &link, &error), STATUS_OK);
    memcpy(boot_file + NET_DIRECTORY_MAX - 1, "d/x", 4);
    assert_int_equal(net_files_start("", 0, boot_file, &link, &error), STATUS_PATH_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_below_the_boot_programs_directory),
        cmocka_unit_test(a_server_with_backslashes_is_asked_with_them),
        cmocka_unit_test(a_directory_has_a_longest_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
