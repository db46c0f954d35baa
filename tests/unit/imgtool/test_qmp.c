#include "cmocka_all.h"

#include <qmp.h>

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GREETING "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7}}, \"capabilities\": []}}\r\n"

struct fixture {
    struct qmp qmp;
    int peer;
};

static int set_up(void **state)
{
    int pair[2];
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_true(qmp_open(&fixture->qmp, pair[0]));
    fixture->peer = pair[1];
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    close(fixture->qmp.fd);
    close(fixture->peer);
    qmp_close(&fixture->qmp);
    free(fixture);
    return 0;
}

static bool feed(struct fixture *fixture, const char *text)
{
    return qmp_feed(&fixture->qmp, text, strlen(text));
}

/* What was sent last, as an object that the caller puts back. */
static struct json_object *sent(struct fixture *fixture)
{
    char text[4096] = "";
    ssize_t size = recv(fixture->peer, text, sizeof text - 1, MSG_DONTWAIT);
    assert_true(size > 0);
    assert_int_equal(text[size - 1], '\n');
    struct json_object *object = json_tokener_parse(text);
    assert_non_null(object);
    return object;
}

static const char *member(struct json_object *object, const char *name)
{
    return json_object_get_string(json_object_object_get(object, name));
}

static void greets(void **state)
{
    struct fixture *fixture = *state;
    qmp_start(&fixture->qmp);
    assert_false(fixture->qmp.ready);
    for (const char *byte = GREETING; *byte; byte++)
        assert_true(qmp_feed(&fixture->qmp, byte, 1));
    assert_true(fixture->qmp.greeted);
    qmp_start(&fixture->qmp);
    qmp_start(&fixture->qmp);
    assert_int_equal(fixture->qmp.sent, 1);
    struct json_object *object = sent(fixture);
    assert_string_equal(member(object, "execute"), "qmp_capabilities");
    json_object_put(object);
    assert_true(feed(fixture, "{\"return\": {}, \"id\": 1}\n"));
    assert_int_equal(fixture->qmp.answered, 1);
    assert_false(fixture->qmp.failed);
}

static void sends_names_as_json(void **state)
{
    struct fixture *fixture = *state;
    assert_true(qmp_send_screendump(&fixture->qmp, "a \"b\"\\c\n.png"));
    struct json_object *object = sent(fixture);
    assert_string_equal(member(object, "execute"), "screendump");
    struct json_object *arguments = json_object_object_get(object, "arguments");
    assert_string_equal(member(arguments, "filename"), "a \"b\"\\c\n.png");
    assert_string_equal(member(arguments, "format"), "png");
    json_object_put(object);
}

static void keeps_answers(void **state)
{
    struct fixture *fixture = *state;
    assert_true(feed(fixture, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no console\"}, \"id\": 4}\n"));
    assert_true(fixture->qmp.failed);
    assert_string_equal(fixture->qmp.text, "no console");
    assert_true(feed(fixture, "{\"return\": \"RIP=0\\r\\n\", \"id\": 5}\n"));
    assert_false(fixture->qmp.failed);
    assert_int_equal(fixture->qmp.answered, 5);
    assert_string_equal(fixture->qmp.text, "RIP=0\r\n");
}

static void first_reason_stays(void **state)
{
    struct fixture *fixture = *state;
    assert_true(feed(fixture, "{\"event\": \"STOP\", \"timestamp\": {}}\n"));
    assert_false(fixture->qmp.shutdown);
    assert_true(feed(fixture, "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": \"guest-reset\"}}\n"
                              "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": false, \"reason\": \"host-ui\"}}\n"));
    assert_true(fixture->qmp.shutdown);
    assert_string_equal(fixture->qmp.shutdown_reason, "guest-reset");
    assert_true(fixture->qmp.window_closed);
}

static void refuses_what_is_not_qmp(void **state)
{
    struct fixture *fixture = *state;
    assert_true(feed(fixture, "\r\n"));
    assert_false(feed(fixture, "hello\n"));
    assert_false(feed(fixture, "[1, 2]\n"));
    assert_false(feed(fixture, "{\"return\": \n"));
}

static void refuses_endless_lines(void **state)
{
    struct fixture *fixture = *state;
    char *line = malloc(QMP_LINE_MAX);
    memset(line, ' ', QMP_LINE_MAX);
    assert_false(qmp_feed(&fixture->qmp, line, QMP_LINE_MAX));
    free(line);
}

static void notices_a_dead_peer(void **state)
{
    struct fixture *fixture = *state;
    shutdown(fixture->peer, SHUT_RDWR);
    assert_false(qmp_send(&fixture->qmp, "stop"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(greets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sends_names_as_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(first_reason_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_not_qmp, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_endless_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(notices_a_dead_peer, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
