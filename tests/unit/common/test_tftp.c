/* The TFTP client against a server in the same process, which can be told to be slow, deaf, mad or malicious. */
#include "cmocka_all.h"

#include "tftp.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE_MAX 1000000u
#define SERVER_PORT 1069
#define QUEUE_MAX 64

struct datagram {
    uint16_t port;
    size_t size;
    uint8_t bytes[DATAGRAM_SIZE_MAX + 8];
};

static struct server {
    /* what it has and how it is */
    uint8_t file[FILE_SIZE_MAX];
    uint64_t size;
    bool no_options, no_tsize, refuses_options;
    const char *tsize, *blksize; /* said instead of the truth */
    uint32_t request_error;      /* + 1 */
    uint32_t error_at;           /* block before which error 3 comes; 0: never */
    uint32_t copies;             /* of each packet */
    uint32_t lose_every;         /* one of so many packets to and from it; 0: none */
    uint32_t silent_from;        /* block; 0: never */
    bool oversized, strangers, endless_repeats;
    /* what it does */
    uint16_t client_port;
    uint32_t block_size, block, random, requests, farewells;
    struct datagram queue[QUEUE_MAX];
    uint32_t queued;
} server;

static uint8_t received[FILE_SIZE_MAX];

static void put16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static bool lost(void)
{
    server.random = server.random * 1103515245u + 12345u;
    return server.lose_every != 0 && (server.random >> 16) % server.lose_every == 0;
}

static void enqueue(uint16_t port, const void *bytes, size_t size)
{
    if (server.queued == QUEUE_MAX)
        return;
    struct datagram *datagram = &server.queue[server.queued++];
    datagram->port = port;
    datagram->size = size;
    memcpy(datagram->bytes, bytes, size);
}

static void answer(const void *bytes, size_t size)
{
    static const uint8_t nonsense[] = {0, 3, 0xff, 0xff, 1, 2, 3};
    if (server.strangers)
        enqueue(SERVER_PORT + 1, nonsense, sizeof nonsense);
    for (uint32_t i = 0; i <= server.copies; i++)
        if (!lost())
            enqueue(SERVER_PORT, bytes, size);
}

static void answer_error(uint16_t code, const char *text)
{
    uint8_t packet[128] = {0, 5};
    put16(packet + 2, code);
    strcpy((char *)packet + 4, text);
    answer(packet, 4 + strlen(text) + 1);
}

static void answer_block(uint32_t number)
{
    uint8_t packet[DATAGRAM_SIZE_MAX + 8] = {0, 3};
    if (server.silent_from != 0 && number >= server.silent_from)
        return;
    if (number > server.size / server.block_size + 1)
        return; /* all is sent */
    if (number == server.error_at) {
        answer_error(3, "disk\nfull");
        return;
    }
    uint64_t start = (uint64_t)(number - 1) * server.block_size;
    uint64_t size = start >= server.size ? 0 : server.size - start;
    size = size < server.block_size ? size : server.block_size;
    server.block = number;
    put16(packet + 2, number);
    memcpy(packet + 4, server.file + start, size);
    answer(packet, 4 + size + (server.oversized ? 1 : 0));
}

static size_t add_option(uint8_t *packet, size_t at, const char *name, const char *value)
{
    memcpy(packet + at, name, strlen(name) + 1);
    at += strlen(name) + 1;
    memcpy(packet + at, value, strlen(value) + 1);
    return at + strlen(value) + 1;
}

static void answer_options(uint32_t asked)
{
    uint8_t packet[128] = {0, 6};
    char number[32];
    size_t size = 2;
    server.block_size = server.blksize != NULL ? (uint32_t)atoi(server.blksize) : asked;
    snprintf(number, sizeof number, "%u", server.block_size);
    size = add_option(packet, size, "BlkSize", server.blksize != NULL ? server.blksize : number);
    snprintf(number, sizeof number, "%llu", (unsigned long long)server.size);
    if (!server.no_tsize)
        size = add_option(packet, size, "tsize", server.tsize != NULL ? server.tsize : number);
    server.block = 0;
    answer(packet, size);
}

/* Judges a request by the letter of the RFCs. */
static void take_request(const uint8_t *bytes, size_t size)
{
    const char *words[6] = {0};
    uint32_t count = 0;
    assert_int_equal(bytes[size - 1], 0);
    for (size_t at = 2; at < size; at += strlen((const char *)bytes + at) + 1) {
        assert_true(count < ARRAY_LENGTH(words));
        words[count++] = (const char *)bytes + at;
    }
    assert_true(count == 2 || count == 6);
    assert_string_equal(words[0], "dir/kernel.elf");
    assert_string_equal(words[1], "octet");
    server.requests++;
    server.block_size = 512;
    if (count == 6) {
        assert_string_equal(words[2], "tsize");
        assert_string_equal(words[3], "0");
        assert_string_equal(words[4], "blksize");
    }
    if (server.request_error != 0)
        answer_error((uint16_t)(server.request_error - 1), "because");
    else if (count == 6 && server.refuses_options)
        answer_error(8, "no options");
    else if (count == 6 && !server.no_options)
        answer_options((uint32_t)atoi(words[5]));
    else
        answer_block(1);
}

static enum status server_takes(void *context, uint16_t local_port, uint16_t server_port, const void *data, size_t size,
                                struct error *error)
{
    const uint8_t *bytes = data;
    (void)context;
    (void)error;
    assert_true(size >= 4 && size <= 512);
    if (lost())
        return STATUS_OK;
    if (bytes[1] == 1) {
        assert_int_equal(server_port, 69);
        server.client_port = local_port;
        take_request(bytes, size);
        return STATUS_OK;
    }
    assert_int_equal(server_port, SERVER_PORT);
    assert_int_equal(local_port, server.client_port);
    if (bytes[1] == 5)
        server.farewells++;
    else if (server.endless_repeats)
        answer_block(server.block == 0 ? 1 : server.block);
    else if (bytes[1] == 4 && (uint16_t)(bytes[2] << 8 | bytes[3]) == (uint16_t)server.block)
        answer_block(server.block + 1);
    return STATUS_OK;
}

static enum status server_gives(void *context, uint16_t local_port, uint16_t *server_port, void *data, size_t *size,
                                struct error *error)
{
    (void)context;
    (void)error;
    *size = 0;
    if (server.queued == 0 && server.lose_every > 1 && server.block != 0)
        answer_block(server.block); /* a second has passed, for the server too */
    else if (server.queued == 0 || local_port != server.client_port)
        return STATUS_OK;
    if (server.queued == 0)
        return STATUS_OK;
    *server_port = server.queue[0].port;
    *size = server.queue[0].size;
    memcpy(data, server.queue[0].bytes, *size < DATAGRAM_SIZE_MAX ? *size : DATAGRAM_SIZE_MAX);
    memmove(server.queue, server.queue + 1, --server.queued * sizeof server.queue[0]);
    if (server.endless_repeats && server.queued == 0 && server.block > 0)
        answer_block(server.block);
    return STATUS_OK;
}

static struct tftp client = {.link = {NULL, server_takes, server_gives}};

static int reset(void **state)
{
    (void)state;
    memset(&server, 0, sizeof server);
    memset(received, 0, sizeof received);
    for (uint32_t i = 0; i < FILE_SIZE_MAX; i++)
        server.file[i] = (uint8_t)(i * 31 + i / 253);
    server.size = 70000;
    return 0;
}

static enum status size_of(uint64_t *size, struct error *error)
{
    server.queued = 0;
    return tftp_size(&client, "dir/kernel.elf", size, error);
}

static enum status read_all(struct error *error)
{
    server.queued = 0;
    return tftp_read(&client, "dir/kernel.elf", server.size, received, error);
}

static void must_arrive(void)
{
    struct error error;
    uint64_t size = 0;
    if (size_of(&size, &error) != STATUS_OK)
        fail_msg("size: %s", error.text);
    assert_int_equal(size, server.size);
    if (read_all(&error) != STATUS_OK)
        fail_msg("read: %s", error.text);
    assert_memory_equal(received, server.file, server.size);
    for (uint64_t i = server.size; i < FILE_SIZE_MAX; i++)
        assert_int_equal(received[i], 0);
}

static void must_fail(enum status wanted, const char *said)
{
    struct error error = {0};
    enum status status = read_all(&error);
    assert_int_equal(status, wanted);
    assert_int_equal(error.status, wanted);
    if (strstr(error.text, said) == NULL)
        fail_msg("'%s' is not in '%s'", said, error.text);
}

/* --- what must work ---------------------------------------------------------------------------------------------- */

static void files_of_all_lengths_arrive(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, 511, 512, 513, 1407, 1408, 1409, 2816, 70000, FILE_SIZE_MAX};
    for (uint32_t kind = 0; kind < 4; kind++)
        for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
            reset(NULL);
            server.size = sizes[i];
            server.no_options = kind == 1;
            server.no_tsize = kind == 2;
            server.refuses_options = kind == 3;
            must_arrive();
        }
}

static void the_size_costs_one_answer_if_the_server_says_it(void **state)
{
    (void)state;
    uint64_t size;
    struct error error;
    assert_int_equal(size_of(&size, &error), STATUS_OK);
    assert_int_equal(server.requests, 1);
    assert_int_equal(server.farewells, 1);
    assert_int_equal(server.block, 0);
}

static void block_numbers_go_round(void **state)
{
    (void)state;
    server.size = FILE_SIZE_MAX; /* 125000 blocks */
    server.blksize = "8";
    must_arrive();
}

static void lost_and_doubled_packets_do_no_harm(void **state)
{
    (void)state;
    for (uint32_t lose = 5; lose < 20; lose++)
        for (uint32_t copies = 0; copies < 3; copies++) {
            reset(NULL);
            server.lose_every = lose;
            server.copies = copies;
            must_arrive();
        }
}

static void doubled_packets_are_not_answered_twice(void **state)
{
    (void)state;
    struct error error;
    server.copies = 1;
    assert_int_equal(read_all(&error), STATUS_OK);
    assert_int_equal(server.requests, 1);
    assert_int_equal(server.queued, 1); /* the copy of the last block: nobody looks at it */
}

static void strangers_are_not_heard(void **state)
{
    (void)state;
    server.strangers = true;
    server.size = 5000;
    struct error error;
    /* The first answer decides who the server is; here it is the stranger's, which says nothing new. */
    if (read_all(&error) != STATUS_OK)
        fail_msg("%s", error.text);
    assert_memory_equal(received, server.file, server.size);
}

static void each_transfer_has_its_port(void **state)
{
    (void)state;
    struct error error;
    uint16_t last = 0;
    client.last_port = UINT16_MAX - 2;
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(read_all(&error), STATUS_OK);
        assert_true(server.client_port >= 49152 && server.client_port != last);
        last = server.client_port;
    }
}

/* --- what must fail ---------------------------------------------------------------------------------------------- */

static void refusals_are_told_apart(void **state)
{
    (void)state;
    uint64_t size;
    struct error error;
    server.request_error = 1 + 1;
    must_fail(STATUS_FILE_NOT_FOUND, "dir/kernel.elf");
    assert_int_equal(size_of(&size, &error), STATUS_FILE_NOT_FOUND);
    server.request_error = 2 + 1;
    must_fail(STATUS_FILE_REFUSED, "'because'");
    assert_int_equal(size_of(&size, &error), STATUS_FILE_REFUSED);
    server.request_error = 0 + 1;
    must_fail(STATUS_TRANSFER_FAILED, "error 0 'because'");
    assert_int_equal(size_of(&size, &error), STATUS_TRANSFER_FAILED);
}

static void an_error_in_the_middle_is_told(void **state)
{
    (void)state;
    server.error_at = 7;
    must_fail(STATUS_TRANSFER_FAILED, "at byte 8448: error 3 'disk?full'");
    server.no_tsize = true;
    uint64_t size;
    struct error error;
    assert_int_equal(size_of(&size, &error), STATUS_TRANSFER_FAILED);
}

static void silence_ends(void **state)
{
    (void)state;
    server.silent_from = 1;
    must_fail(STATUS_NO_ANSWER, "after 0 bytes");
    server.silent_from = 3;
    must_fail(STATUS_NO_ANSWER, "after 2816 bytes");
    server.lose_every = 1;
    must_fail(STATUS_NO_ANSWER, "after 0 bytes");
    uint64_t size;
    struct error error;
    assert_int_equal(size_of(&size, &error), STATUS_NO_ANSWER);
}

static void lies_about_the_size_are_caught(void **state)
{
    (void)state;
    static const struct {
        const char *tsize;
        enum status status;
    } cases[] = {
        {"69999", STATUS_TRANSFER_FAILED},       {"70001", STATUS_TRANSFER_FAILED},
        {"-1", STATUS_TRANSFER_FAILED},          {"", STATUS_TRANSFER_FAILED},
        {"12x", STATUS_TRANSFER_FAILED},         {"99999999999999999999999", STATUS_TRANSFER_FAILED},
        {"68719476737", STATUS_TRANSFER_FAILED},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        server.tsize = cases[i].tsize;
        must_fail(cases[i].status, "dir/kernel.elf");
    }
}

static void more_or_less_than_announced_is_caught(void **state)
{
    (void)state;
    struct error error;
    server.no_tsize = true;
    assert_int_equal(tftp_read(&client, "dir/kernel.elf", 69999, received, &error), STATUS_TRANSFER_FAILED);
    assert_non_null(strstr(error.text, "more than the 69999 bytes"));
    assert_true(received[69999] == 0);
    server.queued = 0;
    assert_int_equal(tftp_read(&client, "dir/kernel.elf", 70001, received, &error), STATUS_TRANSFER_FAILED);
    assert_non_null(strstr(error.text, "ends after 70000 of the 70001 bytes"));
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const sizes[] = {"0", "7", "1409", "65536", "512x", "", "-8"};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        server.blksize = sizes[i];
        must_fail(STATUS_TRANSFER_FAILED, "block size");
    }
    server.blksize = NULL;
    server.oversized = true;
    must_fail(STATUS_TRANSFER_FAILED, "larger blocks");
}

static void a_server_that_repeats_itself_is_left(void **state)
{
    (void)state;
    server.no_options = true;
    server.endless_repeats = true;
    must_fail(STATUS_TRANSFER_FAILED, "repeats itself");
}

static void long_names_are_refused(void **state)
{
    (void)state;
    char name[TFTP_NAME_MAX + 2];
    struct error error;
    memset(name, 'a', sizeof name);
    name[TFTP_NAME_MAX + 1] = '\0';
    assert_int_equal(tftp_read(&client, name, 0, received, &error), STATUS_PATH_BAD);
    assert_int_equal(server.requests, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(files_of_all_lengths_arrive, reset),
        cmocka_unit_test_setup(the_size_costs_one_answer_if_the_server_says_it, reset),
        cmocka_unit_test_setup(block_numbers_go_round, reset),
        cmocka_unit_test_setup(lost_and_doubled_packets_do_no_harm, reset),
        cmocka_unit_test_setup(doubled_packets_are_not_answered_twice, reset),
        cmocka_unit_test_setup(strangers_are_not_heard, reset),
        cmocka_unit_test_setup(each_transfer_has_its_port, reset),
        cmocka_unit_test_setup(refusals_are_told_apart, reset),
        cmocka_unit_test_setup(an_error_in_the_middle_is_told, reset),
        cmocka_unit_test_setup(silence_ends, reset),
        cmocka_unit_test_setup(lies_about_the_size_are_caught, reset),
        cmocka_unit_test_setup(more_or_less_than_announced_is_caught, reset),
        cmocka_unit_test_setup(nonsense_is_refused, reset),
        cmocka_unit_test_setup(a_server_that_repeats_itself_is_left, reset),
        cmocka_unit_test_setup(long_names_are_refused, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
