#include "json.h"

#include "cli.h"
#include "deliver.h"
#include "failure.h"

#include <stdlib.h>

static struct json_object *checked(struct json_object *object)
{
    if (object == NULL) {
        cli_error("out of memory");
        exit(EXIT_FAILED);
    }
    return object;
}

static void add(struct json_object *object, const char *key, struct json_object *value)
{
    if (json_object_object_add(object, key, checked(value)) != 0)
        checked(NULL);
}

struct json_object *json_document(const char *command)
{
    char schema[64];
    struct json_object *document = checked(json_object_new_object());
    snprintf(schema, sizeof schema, "imgtool-%s", command);
    json_text(document, "schema", schema);
    json_number(document, "version", JSON_SCHEMA_VERSION);
    return document;
}

void json_text(struct json_object *object, const char *key, const char *text)
{
    add(object, key, json_object_new_string(text));
}

void json_number(struct json_object *object, const char *key, uint64_t number)
{
    add(object, key, json_object_new_uint64(number));
}

void json_address(struct json_object *object, const char *key, uint64_t address)
{
    char text[24];
    snprintf(text, sizeof text, "0x%lx", address);
    json_text(object, key, text);
}

void json_flag(struct json_object *object, const char *key, bool flag)
{
    add(object, key, json_object_new_boolean(flag));
}

struct json_object *json_object_in(struct json_object *object, const char *key)
{
    struct json_object *inner = checked(json_object_new_object());
    add(object, key, inner);
    return inner;
}

struct json_object *json_array_in(struct json_object *object, const char *key)
{
    struct json_object *array = checked(json_object_new_array());
    add(object, key, array);
    return array;
}

struct json_object *json_object_append(struct json_object *array)
{
    struct json_object *object = checked(json_object_new_object());
    if (json_object_array_add(array, object) != 0)
        checked(NULL);
    return object;
}

static const char *document_text(struct json_object *document)
{
    const char *text = json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                                    JSON_C_TO_STRING_NOSLASHESCAPE);
    if (text == NULL)
        checked(NULL);
    return text;
}

bool json_save(struct json_object *document, const char *path)
{
    char *text = NULL;
    int size = asprintf(&text, "%s\n", document_text(document));
    json_object_put(document);
    if (size < 0)
        exit(failure_memory());
    bool saved = deliver(path, text, (size_t)size);
    free(text);
    return saved;
}

void json_finish(struct json_object *document)
{
    puts(document_text(document));
    json_object_put(document);
}
