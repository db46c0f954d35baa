#include "cmocka_all.h"

#include "dhcp.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD 240

static uint8_t packet[600];
static size_t packet_size;

static int reset(void **state)
{
    (void)state;
    memset(packet, 0, sizeof packet);
    packet[0] = 2;
    packet[1] = 1;
    packet[2] = 6;
    memcpy(packet + 16, (uint8_t[]){10, 0, 2, 15}, 4);
    memcpy(packet + 20, (uint8_t[]){10, 0, 2, 2}, 4);
    strcpy((char *)packet + 108, "dir/stagecoach.0");
    memcpy(packet + 236, (uint8_t[]){99, 130, 83, 99}, 4);
    packet_size = HEAD;
    return 0;
}

static void add_option(uint8_t code, const void *value, uint8_t size)
{
    packet[packet_size] = code;
    packet[packet_size + 1] = size;
    memcpy(packet + packet_size + 2, value, size);
    packet_size += 2u + size;
}

/* In memory of its own, so that a look beyond the end is seen. */
static bool parse(size_t size, struct dhcp_lease *lease)
{
    uint8_t *copy = malloc(size);
    memcpy(copy, packet, size);
    memset(lease, 0, sizeof *lease);
    bool ok = dhcp_parse((struct span){copy, size}, lease);
    free(copy);
    return ok;
}

static void assert_address(const uint8_t address[4], const char *wanted)
{
    char text[DHCP_ADDRESS_TEXT];
    dhcp_address_text(address, text);
    assert_string_equal(text, wanted);
}

static void all_fields_are_read(void **state)
{
    (void)state;
    struct dhcp_lease lease;
    add_option(53, "\5", 1);
    add_option(1, (uint8_t[]){255, 255, 255, 0}, 4);
    packet_size += 2; /* pads */
    add_option(3, (uint8_t[]){10, 0, 2, 1, 10, 0, 2, 9}, 8);
    add_option(54, (uint8_t[]){10, 0, 2, 3}, 4);
    packet[packet_size++] = 255;
    assert_true(parse(packet_size, &lease));
    assert_address(lease.client, "10.0.2.15");
    assert_address(lease.server, "10.0.2.2");
    assert_address(lease.netmask, "255.255.255.0");
    assert_address(lease.router, "10.0.2.1");
    assert_string_equal(lease.boot_file, "dir/stagecoach.0");
}

static void plain_bootp_is_enough(void **state)
{
    (void)state;
    struct dhcp_lease lease;
    memset(packet + 236, 0, 4);
    add_option(67, "other", 5); /* is none, without the magic */
    assert_true(parse(packet_size, &lease));
    assert_string_equal(lease.boot_file, "dir/stagecoach.0");
    assert_true(parse(236, &lease));
    assert_false(parse(235, &lease));
    packet[0] = 1;
    assert_false(parse(packet_size, &lease));
}

static void the_server_may_be_the_dhcp_server(void **state)
{
    (void)state;
    struct dhcp_lease lease;
    add_option(54, (uint8_t[]){10, 0, 2, 3}, 4);
    memset(packet + 20, 0, 4);
    assert_true(parse(packet_size, &lease));
    assert_address(lease.server, "10.0.2.3");
}

static void the_boot_file_may_be_an_option(void **state)
{
    (void)state;
    struct dhcp_lease lease;
    add_option(67, "x/by-option\0garbage", 19);
    assert_true(parse(packet_size, &lease));
    assert_string_equal(lease.boot_file, "x/by-option");
}

static void fields_may_hold_options(void **state)
{
    (void)state;
    struct dhcp_lease lease;
    add_option(52, "\3", 1);
    memcpy(packet + 108,
           "\x43\x04"
           "file"
           "\xff",
           7);
    memcpy(packet + 44, "\x01\x04\xff\xff\x00\x00\xff", 7);
    assert_true(parse(packet_size, &lease));
    assert_string_equal(lease.boot_file, "file");
    assert_address(lease.netmask, "255.255.0.0");
}

static void a_further_answer_adds_what_it_tells(void **state)
{
    (void)state;
    struct dhcp_lease lease;
    assert_true(parse(packet_size, &lease));
    memset(packet + 16, 0, 8);
    memset(packet + 108, 0, 128);
    assert_true(dhcp_parse((struct span){packet, packet_size}, &lease));
    assert_address(lease.client, "10.0.2.15");
    assert_address(lease.server, "10.0.2.2");
    assert_string_equal(lease.boot_file, "dir/stagecoach.0");
    memcpy(packet + 20, (uint8_t[]){10, 0, 2, 77}, 4);
    strcpy((char *)packet + 108, "better");
    assert_true(dhcp_parse((struct span){packet, packet_size}, &lease));
    assert_address(lease.server, "10.0.2.77");
    assert_string_equal(lease.boot_file, "better");
}

static void a_boot_file_without_end_ends_with_its_field(void **state)
{
    (void)state;
    struct dhcp_lease lease;
    memset(packet + 108, 'x', 128);
    assert_true(parse(packet_size, &lease));
    assert_int_equal(strlen(lease.boot_file), 128);
}

static void options_cut_anywhere_do_no_harm(void **state)
{
    (void)state;
    struct dhcp_lease lease;
    add_option(67, "boot", 4);
    add_option(1, (uint8_t[]){255, 255, 255, 0}, 4);
    for (size_t size = HEAD; size <= packet_size; size++)
        assert_true(parse(size, &lease));
    assert_address(lease.netmask, "255.255.255.0");
}

/* --- boot files that are URLs ------------------------------------------------------------------------------------ */

static struct dhcp_lease lease_of(const char *boot_file)
{
    struct dhcp_lease lease = {.client = {10, 0, 2, 15}, .server = {10, 0, 2, 2}};
    strcpy(lease.boot_file, boot_file);
    return lease;
}

static void urls_name_server_port_and_path(void **state)
{
    static const struct {
        const char *given, *server, *path;
        uint16_t port;
    } cases[] = {
        {"lab/stagecoach.0", "10.0.2.2", "lab/stagecoach.0", 0},
        {"tftp://10.9.8.1/lab/stagecoach.0", "10.9.8.1", "lab/stagecoach.0", 0},
        {"TFTP://10.9.8.1:1069/x", "10.9.8.1", "x", 1069},
        {"tftp://10.9.8.1//var/tftp/x", "10.9.8.1", "/var/tftp/x", 0},
        {"tftp://boot.example/a%20b/%x%2", "10.0.2.2", "a b/%x%2", 0}, /* nobody can be asked for names */
        {"tftp://10.9.8/x", "10.0.2.2", "x", 0},
        {"tftp://10.9.8.256/x", "10.0.2.2", "x", 0},
        {"tftp://10.9.8.1.7/a%00b", "10.0.2.2", "a%00b", 0},
        {"a/tftp://10.9.8.1/x", "10.0.2.2", "a/tftp://10.9.8.1/x", 0},
        {"c:\\lab\\stagecoach.0", "10.0.2.2", "c:\\lab\\stagecoach.0", 0},
        {"://x", "10.0.2.2", "://x", 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        struct dhcp_lease lease = lease_of(cases[i].given);
        assert_int_equal(dhcp_finish(&lease, &error), STATUS_OK);
        assert_address(lease.server, cases[i].server);
        assert_string_equal(lease.boot_file, cases[i].path);
        assert_int_equal(lease.port, cases[i].port);
    }
}

static void other_urls_are_refused(void **state)
{
    static const struct {
        const char *given, *said;
    } cases[] = {
        {"http://10.9.8.1/x", "TFTP alone"},         {"tftps://10.9.8.1/x", "TFTP alone"},
        {"tft://10.9.8.1/x", "TFTP alone"},          {"tftp://", "no tftp://server"},
        {"tftp://10.9.8.1", "no tftp://server"},     {"tftp:///x", "no tftp://server"},
        {"tftp://10.9.8.1/", "no tftp://server"},    {"tftp://10.9.8.1:/x", "no tftp://server"},
        {"tftp://10.9.8.1:0/x", "no tftp://server"}, {"tftp://10.9.8.1:65536/x", "no tftp://server"},
        {"tftp://[::1]/x", "no tftp://server"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        struct dhcp_lease lease = lease_of(cases[i].given);
        assert_int_equal(dhcp_finish(&lease, &error), STATUS_NO_BOOT_VOLUME);
        assert_non_null(strstr(error.text, cases[i].said));
        assert_non_null(strstr(error.text, cases[i].given));
    }
}

/* --- version 6 --------------------------------------------------------------------------------------------------- */

static void addresses_are_read_as_the_c_library_does(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "::",
        "::1",
        "1::",
        "fec0::2",
        "fe80::1:2",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "ABCD::ef01",
        "1:2::7:8",
        "",
        ":",
        ":::",
        "1",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1::2::3",
        "12345::",
        "g::",
        "1:",
        ":1",
        "1:2:3:4:5:6:7:",
        "::1:",
        "1:2:3:4::5:6:7:8",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        uint8_t ours[16] = {0}, theirs[16] = {0};
        bool good = inet_pton(AF_INET6, texts[i], theirs) == 1;
        if (dhcp6_address((struct span){(const uint8_t *)texts[i], strlen(texts[i])}, ours) != good)
            fail_msg("%s", texts[i]);
        if (good)
            assert_memory_equal(ours, theirs, 16);
    }
}

static bool parse_url(const char *url, struct dhcp_url *result)
{
    uint8_t bytes[400] = {7, 1, 2, 3, 0, 1, 0, 2, 9, 9, 0, 59};
    size_t size = strlen(url);
    bytes[12] = (uint8_t)(size >> 8);
    bytes[13] = (uint8_t)size;
    memcpy(bytes + 14, url, size);
    for (size_t cut = 0; cut < 14 + size; cut++)
        assert_false(dhcp6_parse((struct span){bytes, cut}, result));
    return dhcp6_parse((struct span){bytes, 14 + size}, result);
}

static void urls_are_read(void **state)
{
    (void)state;
    struct dhcp_url url;
    char text[DHCP_ADDRESS_TEXT];
    assert_true(parse_url("tftp://[fec0::2]/dir/BOOTX64.EFI", &url));
    assert_string_equal(url.boot_file, "dir/BOOTX64.EFI");
    dhcp6_address_text(url.server, text);
    assert_string_equal(text, "fec0:0:0:0:0:0:0:2");
    assert_true(parse_url("tftp://[::1]/a;mode=octet", &url));
    assert_string_equal(url.boot_file, "a");
    static const char *const bad[] = {"",
                                      "tftp://10.0.2.2/x",
                                      "http://[::1]/x",
                                      "tftp://[::1]",
                                      "tftp://[::1]/",
                                      "tftp://[]/x",
                                      "tftp://[::1/x",
                                      "tftp://[::1]:69/x"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(parse_url(bad[i], &url));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_fields_are_read, reset),
        cmocka_unit_test_setup(plain_bootp_is_enough, reset),
        cmocka_unit_test_setup(the_server_may_be_the_dhcp_server, reset),
        cmocka_unit_test_setup(the_boot_file_may_be_an_option, reset),
        cmocka_unit_test_setup(fields_may_hold_options, reset),
        cmocka_unit_test_setup(a_further_answer_adds_what_it_tells, reset),
        cmocka_unit_test_setup(a_boot_file_without_end_ends_with_its_field, reset),
        cmocka_unit_test_setup(options_cut_anywhere_do_no_harm, reset),
        cmocka_unit_test(urls_name_server_port_and_path),
        cmocka_unit_test(other_urls_are_refused),
        cmocka_unit_test(addresses_are_read_as_the_c_library_does),
        cmocka_unit_test(urls_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
