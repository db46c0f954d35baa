#include "settings.h"

#include "format.h"

#define LINE_ROOM 64u /* of a line besides the texts from outside */
#define BOM_SIZE 3u

struct writer {
    char *to;
    uint64_t used;
};

static void put(struct writer *writer, const char *text, uint64_t size)
{
    memcpy(writer->to + writer->used, text, size);
    writer->used += size;
}

#define PUT(writer, text) put(writer, text, sizeof(text) - 1)

static void put_text(struct writer *writer, const struct config_text *text)
{
    put(writer, text->text, text->size);
}

uint64_t settings_room(const struct settings *settings)
{
    uint64_t room = settings->file.size + settings->command_line.size + 4 * LINE_ROOM;
    for (uint32_t i = 0; i < settings->content->module_count; i++) {
        const struct content_module *module = &settings->content->modules[i];
        room += LINE_ROOM + module->name.size + module->arguments.size;
    }
    return room;
}

/* --- the file ---------------------------------------------------------------------------------------------------- */

struct keys {
    bool kernel, ramdisk;
};

static bool has_key(struct span line, const char *key, size_t size)
{
    uint64_t at = 0;
    if (line.size >= BOM_SIZE && memcmp(line.data, "\xef\xbb\xbf", BOM_SIZE) == 0)
        at = BOM_SIZE;
    while (at < line.size && (line.data[at] == ' ' || line.data[at] == '\t'))
        at++;
    if (line.size - at < size || memcmp(line.data + at, key, size) != 0)
        return false;
    at += size;
    return at == line.size || line.data[at] == ' ' || line.data[at] == '\t' || line.data[at] == '\r';
}
#define HAS_KEY(line, key) has_key(line, key, sizeof(key) - 1)

/* Copies the lines; one that the outside replaces becomes a comment, so that messages count lines as the file does. */
static void copy_file(const struct settings *settings, struct writer *writer, struct keys *keys)
{
    struct span file = settings->file;
    for (uint64_t at = 0; at < file.size;) {
        struct span line = {file.data + at, 0};
        while (at + line.size < file.size && line.data[line.size] != '\n')
            line.size++;
        bool kernel = HAS_KEY(line, "kernel"), ramdisk = HAS_KEY(line, "ramdisk");
        keys->kernel |= kernel;
        keys->ramdisk |= ramdisk;
        if ((kernel && settings->content->kernel.size != 0) || (ramdisk && settings->content->ramdisk.size != 0) ||
            (settings->command_line.size != 0 && HAS_KEY(line, "cmdline")))
            PUT(writer, "#");
        else
            put(writer, (const char *)line.data, line.size);
        PUT(writer, "\n");
        at += line.size + 1;
    }
}

/* --- lines from outside ------------------------------------------------------------------------------------------ */

static bool is_there(const struct settings *settings, const char *path)
{
    struct content_piece piece;
    struct error error;
    return content_find(settings->content, path, &piece, &error) == STATUS_OK;
}

static void add_files(const struct settings *settings, const struct keys *keys, struct writer *writer)
{
    if (settings->content->kernel.size != 0 || (!keys->kernel && is_there(settings, CONTENT_KERNEL)))
        PUT(writer, "kernel " CONTENT_KERNEL "\n");
    if (settings->content->ramdisk.size != 0 || (!keys->ramdisk && is_there(settings, CONTENT_RAMDISK)))
        PUT(writer, "ramdisk " CONTENT_RAMDISK "\n");
}

static void add_modules(const struct content *content, struct writer *writer)
{
    for (uint32_t i = 0; i < content->module_count; i++) {
        const struct content_module *module = &content->modules[i];
        char number[16];
        size_t size = format(number, sizeof number, "%u ", i);
        PUT(writer, "module " CONTENT_MODULE);
        put(writer, number, size);
        if (module->name.size != 0) {
            put_text(writer, &module->name);
        } else {
            PUT(writer, "module-");
            put(writer, number, size - 1);
        }
        PUT(writer, " ");
        put_text(writer, &module->arguments);
        PUT(writer, "\n");
    }
}

/* --- all together ------------------------------------------------------------------------------------------------ */

static enum status check_text(const struct config_text *text, const char *what, struct error *error)
{
    for (uint32_t i = 0; i < text->size; i++) {
        unsigned char byte = (unsigned char)text->text[i];
        if ((byte < ' ' && byte != '\t') || byte == 0x7f)
            return error_set(error, STATUS_STARTER_INFO, "%s: byte %u is a control character, %#x", what, i, byte);
    }
    return STATUS_OK;
}

static enum status check_texts(const struct settings *settings, struct error *error)
{
    enum status status = check_text(&settings->command_line, "command line of the loader that started us", error);
    for (uint32_t i = 0; status == STATUS_OK && i < settings->content->module_count; i++) {
        status = check_text(&settings->content->modules[i].name, "name of a module", error);
        if (status == STATUS_OK)
            status = check_text(&settings->content->modules[i].arguments, "arguments of a module", error);
    }
    return status;
}

enum status settings_write(const struct settings *settings, char *to, uint64_t *size, struct error *error)
{
    struct writer writer = {to, 0};
    struct keys keys = {false, false};
    enum status status = check_texts(settings, error);
    if (status != STATUS_OK)
        return status;
    copy_file(settings, &writer, &keys);
    add_files(settings, &keys, &writer);
    if (settings->command_line.size != 0) {
        PUT(&writer, "cmdline ");
        put_text(&writer, &settings->command_line);
        PUT(&writer, "\n");
    }
    add_modules(settings->content, &writer);
    *size = writer.used;
    return STATUS_OK;
}
