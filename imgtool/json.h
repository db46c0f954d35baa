/* What --json prints: one document per command, in the forms that docs/imgtool-json.md describes. */
#ifndef STAGECOACH_IMGTOOL_JSON_H
#define STAGECOACH_IMGTOOL_JSON_H

#include <json-c/json.h>

#include <stdbool.h>
#include <stdint.h>

#define JSON_SCHEMA_VERSION 1 /* grows when a member changes its meaning or goes away; new members do not count */

/* A document that begins with "schema" ("imgtool-ls") and "version". Ends the program if there is no memory, as the
 * functions below do. */
struct json_object *json_document(const char *command);

/* Add members to an object. Addresses are strings ("0xffff800000000000"): JSON numbers lose bits in many readers. */
void json_text(struct json_object *object, const char *key, const char *text);
void json_number(struct json_object *object, const char *key, uint64_t number);
void json_address(struct json_object *object, const char *key, uint64_t address);
void json_flag(struct json_object *object, const char *key, bool flag);
struct json_object *json_object_in(struct json_object *object, const char *key);
struct json_object *json_array_in(struct json_object *object, const char *key);

/* Appends an empty object to an array. */
struct json_object *json_object_append(struct json_object *array);

/* Writes the document to a file and frees it. False: errno says why it can't be written. */
bool json_save(struct json_object *document, const char *path);

/* Prints the document on stdout and frees it. */
void json_finish(struct json_object *document);

#endif
