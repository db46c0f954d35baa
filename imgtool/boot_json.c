#include "boot_json.h"

#include "cli.h"

#include <ctype.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DIMENSION_MAX 65535

struct translation {
    const char *name;
    FILE *lines;
    int64_t width, height; /* 0: no wish */
};

static enum exit_code refuse(const struct translation *translation, const char *key, const char *rule)
{
    return failure(EXIT_INPUT_REJECTED, "%s: \"%s\" must be %s", translation->name, key, rule);
}

static enum exit_code take_dimension(const struct translation *translation, const char *key, json_object *value,
                                     int64_t *dimension)
{
    if (json_object_is_type(value, json_type_null))
        return EXIT_OK;
    int64_t number = json_object_get_int64(value);
    if (!json_object_is_type(value, json_type_int) || number < 0 || number > DIMENSION_MAX)
        return refuse(translation, key, "null or a number of pixels up to 65535");
    *dimension = number;
    return EXIT_OK;
}

static enum exit_code take_frame_buffer(struct translation *translation, const char *key, json_object *value)
{
    if (!json_object_is_type(value, json_type_object))
        return refuse(translation, key, "an object");
    enum exit_code code = EXIT_OK;
    json_object_object_foreach(value, inner_key, inner)
    {
        if (code != EXIT_OK)
            break;
        if (strcmp(inner_key, "minimum_framebuffer_width") == 0)
            code = take_dimension(translation, inner_key, inner, &translation->width);
        else if (strcmp(inner_key, "minimum_framebuffer_height") == 0)
            code = take_dimension(translation, inner_key, inner, &translation->height);
        else
            cli_warn("%s: unknown key \"%s.%s\"", translation->name, key, inner_key);
    }
    return code;
}

static enum exit_code take_log_level(struct translation *translation, const char *key, json_object *value)
{
    static const char *const levels[] = {"off", "error", "warn", "info", "debug", "trace"};
    const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcasecmp(text, levels[i]) != 0)
            continue;
        fprintf(translation->lines, "log-level %s\n", levels[i]);
        return EXIT_OK;
    }
    return refuse(translation, key, "one of Off, Error, Warn, Info, Debug, Trace");
}

static enum exit_code put_switch(struct translation *translation, const char *key, json_object *value, const char *line)
{
    if (!json_object_is_type(value, json_type_boolean))
        return refuse(translation, key, "true or false");
    fprintf(translation->lines, "%s %s\n", line, json_object_get_boolean(value) ? "on" : "off");
    return EXIT_OK;
}

static enum exit_code take_screen_logging(struct translation *translation, const char *key, json_object *value)
{
    return put_switch(translation, key, value, "log-screen");
}

static enum exit_code take_serial_logging(struct translation *translation, const char *key, json_object *value)
{
    return put_switch(translation, key, value, "log-serial");
}

static enum exit_code take_sentinel(struct translation *translation, const char *key, json_object *value)
{
    if (!json_object_is_type(value, json_type_int) || json_object_get_string(value)[0] == '-')
        return refuse(translation, key, "a number of at most 64 bits");
    fprintf(translation->lines, "test-sentinel %" PRIu64 "\n", json_object_get_uint64(value));
    return EXIT_OK;
}

static const struct {
    const char *key;
    enum exit_code (*take)(struct translation *translation, const char *key, json_object *value);
} keys[] = {
    {"frame_buffer", take_frame_buffer},
    {"log_level", take_log_level},
    {"frame_buffer_logging", take_screen_logging},
    {"serial_logging", take_serial_logging},
    {"_test_sentinel", take_sentinel},
};

static enum exit_code take_key(struct translation *translation, const char *key, json_object *value)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(key, keys[i].key) == 0)
            return keys[i].take(translation, key, value);
    cli_warn("%s: unknown key \"%s\"", translation->name, key);
    return EXIT_OK;
}

static enum exit_code take_object(struct translation *translation, json_object *object)
{
    enum exit_code code = EXIT_OK;
    json_object_object_foreach(object, key, value)
    {
        if (code == EXIT_OK)
            code = take_key(translation, key, value);
    }
    /* A mode with the one wished dimension, or both, at least as large. */
    if (translation->width != 0 || translation->height != 0)
        fprintf(translation->lines, "video %" PRId64 "x%" PRId64 "\n", translation->width != 0 ? translation->width : 1,
                translation->height != 0 ? translation->height : 1);
    return code;
}

/* Bytes of the byte order mark that editors on Windows put in front. */
static size_t mark_size(const char *text, size_t size)
{
    return size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

bool boot_json_looks_like(const char *text, size_t size)
{
    size_t i = mark_size(text, size);
    while (i < size && isspace((unsigned char)text[i]))
        i++;
    return i < size && text[i] == '{';
}

static enum exit_code parse(const char *name, const char *text, size_t size, json_object **object)
{
    json_tokener *tokener = json_tokener_new();
    if (tokener == NULL || size > INT32_MAX) {
        json_tokener_free(tokener);
        return failure_memory();
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    *object = json_tokener_parse_ex(tokener, text, (int)size);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    enum exit_code code = EXIT_OK;
    if (error != json_tokener_success)
        code = failure(EXIT_INPUT_REJECTED, "%s: not valid JSON at byte %zu: %s", name,
                       json_tokener_get_parse_end(tokener),
                       error == json_tokener_continue ? "it ends too early" : json_tokener_error_desc(error));
    json_tokener_free(tokener);
    return code;
}

enum exit_code boot_json_translate(const char *name, const char *text, size_t size, char **lines)
{
    json_object *object = NULL;
    size_t lines_size, mark = mark_size(text, size);
    enum exit_code code = parse(name, text + mark, size - mark, &object);
    if (code != EXIT_OK)
        return code;
    struct translation translation = {.name = name, .lines = open_memstream(lines, &lines_size)};
    if (translation.lines == NULL) {
        json_object_put(object);
        return failure_memory();
    }
    code = take_object(&translation, object);
    bool written = fclose(translation.lines) == 0;
    json_object_put(object);
    if (code == EXIT_OK && written)
        return EXIT_OK;
    free(*lines);
    *lines = NULL;
    return code != EXIT_OK ? code : failure_memory();
}
