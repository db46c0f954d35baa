#include "qmp.h"

#include <json-c/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

bool qmp_open(struct qmp *qmp, int fd)
{
    *qmp = (struct qmp){.fd = fd, .line = malloc(QMP_LINE_MAX)};
    return qmp->line != NULL;
}

void qmp_close(struct qmp *qmp)
{
    free(qmp->line);
    qmp->line = NULL;
}

static const char *member_text(struct json_object *object, const char *name)
{
    struct json_object *member;
    const char *text = json_object_object_get_ex(object, name, &member) ? json_object_get_string(member) : NULL;
    return text ? text : "";
}

static void take_event(struct qmp *qmp, const char *event, struct json_object *object)
{
    struct json_object *data;
    if (strcmp(event, "SHUTDOWN") != 0 || !json_object_object_get_ex(object, "data", &data))
        return;
    const char *reason = member_text(data, "reason");
    if (strcmp(reason, "host-ui") == 0)
        qmp->window_closed = true;
    if (!qmp->shutdown)
        snprintf(qmp->shutdown_reason, sizeof qmp->shutdown_reason, "%s", reason);
    qmp->shutdown = true;
}

static void take_answer(struct qmp *qmp, struct json_object *object)
{
    struct json_object *id, *error, *value;
    if (json_object_object_get_ex(object, "id", &id))
        qmp->answered = json_object_get_int(id);
    qmp->failed = json_object_object_get_ex(object, "error", &error);
    const char *text = "";
    if (qmp->failed)
        text = member_text(error, "desc");
    else if (json_object_object_get_ex(object, "return", &value) && json_object_is_type(value, json_type_string))
        text = json_object_get_string(value);
    snprintf(qmp->text, sizeof qmp->text, "%s", text);
}

static bool take_line(struct qmp *qmp, const char *line)
{
    struct json_object *object = json_tokener_parse(line), *member;
    if (!json_object_is_type(object, json_type_object)) {
        json_object_put(object);
        return false;
    }
    if (json_object_object_get_ex(object, "QMP", &member))
        qmp->greeted = true;
    else if (json_object_object_get_ex(object, "event", &member))
        take_event(qmp, json_object_get_string(member), object);
    else
        take_answer(qmp, object);
    json_object_put(object);
    return true;
}

bool qmp_feed(struct qmp *qmp, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != '\n') {
            if (qmp->line_size + 1 >= QMP_LINE_MAX)
                return false;
            qmp->line[qmp->line_size++] = bytes[i];
            continue;
        }
        qmp->line[qmp->line_size] = '\0';
        qmp->line_size = 0;
        if (strspn(qmp->line, " \t\r") != strlen(qmp->line) && !take_line(qmp, qmp->line))
            return false;
    }
    return true;
}

static bool send_object(struct qmp *qmp, const char *command, struct json_object *arguments)
{
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "execute", json_object_new_string(command));
    if (arguments)
        json_object_object_add(object, "arguments", arguments);
    json_object_object_add(object, "id", json_object_new_int(++qmp->sent));
    size_t size;
    const char *text = json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN, &size);
    /* Commands are far smaller than a socket's buffer, and each is answered before the next. */
    bool sent = send(qmp->fd, text, size, MSG_NOSIGNAL) == (ssize_t)size && send(qmp->fd, "\n", 1, MSG_NOSIGNAL) == 1;
    json_object_put(object);
    return sent;
}

bool qmp_send(struct qmp *qmp, const char *command)
{
    return send_object(qmp, command, NULL);
}

void qmp_start(struct qmp *qmp)
{
    if (qmp->greeted && !qmp->ready)
        qmp->ready = qmp_send(qmp, "qmp_capabilities");
}

bool qmp_send_monitor(struct qmp *qmp, const char *line)
{
    struct json_object *arguments = json_object_new_object();
    json_object_object_add(arguments, "command-line", json_object_new_string(line));
    return send_object(qmp, "human-monitor-command", arguments);
}

bool qmp_send_screendump(struct qmp *qmp, const char *png_path)
{
    struct json_object *arguments = json_object_new_object();
    json_object_object_add(arguments, "filename", json_object_new_string(png_path));
    json_object_object_add(arguments, "format", json_object_new_string("png"));
    return send_object(qmp, "screendump", arguments);
}
