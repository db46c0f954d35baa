#include "content.h"

#include "cpio.h"
#include "firmware.h"
#include "format.h"

static const char grub2[] = "GRUB 2";

static bool text_is(const struct config_text *text, const char *word, size_t size)
{
    return text->size == size && memcmp(text->text, word, size) == 0;
}
#define TEXT_IS(text, word) text_is(text, word, sizeof(word) - 1)

/* --- strings ----------------------------------------------------------------------------------------------------- */

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static struct config_text take_word(struct config_text *rest)
{
    struct config_text word;
    while (rest->size > 0 && is_blank(rest->text[0]))
        *rest = (struct config_text){rest->text + 1, rest->size - 1};
    word = (struct config_text){rest->text, 0};
    while (word.size < rest->size && !is_blank(rest->text[word.size]))
        word.size++;
    *rest = (struct config_text){rest->text + word.size, rest->size - word.size};
    while (rest->size > 0 && is_blank(rest->text[0]))
        *rest = (struct config_text){rest->text + 1, rest->size - 1};
    return word;
}

static struct config_text base_name(struct config_text path)
{
    uint32_t start = path.size;
    while (start > 0 && path.text[start - 1] != '/')
        start--;
    return (struct config_text){path.text + start, path.size - start};
}

/* Multiboot 1 does not say what a string holds: GRUB 2 passes the arguments alone, all others put the file's name
 * first. */
static bool names_files(const struct starter *starter)
{
    bool is_grub2 =
        starter->loader.size >= sizeof grub2 - 1 && memcmp(starter->loader.text, grub2, sizeof grub2 - 1) == 0;
    return starter->boot_source == BOOT_SOURCE_MULTIBOOT1 && !is_grub2;
}

struct config_text content_command_line(const struct starter *starter)
{
    struct config_text line = starter->command_line;
    if (names_files(starter))
        take_word(&line);
    return line;
}

/* --- roles ------------------------------------------------------------------------------------------------------- */

static enum status take_role(struct content_piece *role, const struct starter_module *module, const char *name,
                             struct error *error)
{
    if (role->size != 0)
        return error_set(error, STATUS_STARTER_INFO, "two modules are called '%s': give each role to one", name);
    *role = (struct content_piece){module->phys, module->size};
    return STATUS_OK;
}

static void add_module(struct content *content, const struct starter_module *module, struct config_text name,
                       struct config_text arguments)
{
    content->modules[content->module_count++] = (struct content_module){{module->phys, module->size}, name, arguments};
}

/* A module that has a string. */
static enum status sort_named(const struct starter_module *module, struct config_text rest, struct content *content,
                              struct error *error)
{
    struct config_text word = take_word(&rest);
    if (TEXT_IS(&word, "kernel"))
        return take_role(&content->kernel, module, "kernel", error);
    if (TEXT_IS(&word, "ramdisk"))
        return take_role(&content->ramdisk, module, "ramdisk", error);
    if (TEXT_IS(&word, "config"))
        return take_role(&content->config, module, "config", error);
    if (TEXT_IS(&word, "archive"))
        return take_role(&content->archive, module, "archive", error);
    add_module(content, module, word, rest);
    return STATUS_OK;
}

/* A module without one. */
static void sort_by_order(const struct starter_module *module, struct config_text file, struct content *content)
{
    struct content_piece piece = {module->phys, module->size};
    struct span bytes = {firmware_map(piece.phys, piece.size), piece.size};
    if (content->kernel.size == 0 && content->archive.size == 0) {
        if (cpio_looks_like(bytes))
            content->archive = piece;
        else
            content->kernel = piece;
    } else if (content->ramdisk.size == 0) {
        content->ramdisk = piece;
    } else {
        add_module(content, module, base_name(file), (struct config_text){"", 0});
    }
}

static struct config_text string_of(const struct starter *starter, uint32_t index, struct config_text *file)
{
    struct config_text rest = starter->modules[index].text, none = {"", 0};
    *file = names_files(starter) ? take_word(&rest) : none;
    struct config_text look = rest;
    return take_word(&look).size > 0 ? rest : none;
}

enum status content_sort(const struct starter *starter, const struct content_piece *own, struct content *content,
                         struct error *error)
{
    struct config_text file;
    enum status status = STATUS_OK;
    memset(content, 0, sizeof *content);
    for (uint32_t i = 0; i < starter->module_count && status == STATUS_OK; i++) {
        struct config_text text = string_of(starter, i, &file);
        if (text.size > 0)
            status = sort_named(&starter->modules[i], text, content, error);
    }
    if (status == STATUS_OK && content->archive.size == 0)
        content->archive = *own;
    for (uint32_t i = 0; i < starter->module_count && status == STATUS_OK; i++)
        if (string_of(starter, i, &file).size == 0)
            sort_by_order(&starter->modules[i], file, content);
    return status;
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

/* Both without what leads to the archive's root. */
static bool names_equal(const char *path, struct span name)
{
    const char *text = (const char *)name.data;
    uint64_t size = name.size;
    while (size > 0 && (text[0] == '/' || (text[0] == '.' && size > 1 && text[1] == '/'))) {
        text++;
        size--;
    }
    while (*path == '/')
        path++;
    for (; size > 0 && *path != '\0' && lower(*path) == lower(*text); size--, path++)
        text++;
    return size == 0 && *path == '\0';
}

static enum status find_in_archive(const struct content *content, const char *path, struct content_piece *found,
                                   struct error *error)
{
    const struct content_piece *piece = &content->archive;
    struct span archive = {piece->size != 0 ? firmware_map(piece->phys, piece->size) : NULL, piece->size};
    uint64_t at = 0;
    bool more = archive.size != 0;
    while (more) {
        struct cpio_member member;
        enum status status = cpio_next(archive, &at, &member, &more, error);
        if (status != STATUS_OK)
            return status;
        if (!more || !names_equal(path, member.name))
            continue;
        if (!member.regular)
            return error_set(error, STATUS_NOT_A_FILE, "%s is not a regular file in the cpio archive", path);
        *found = (struct content_piece){piece->phys + (uint64_t)(member.data.data - archive.data), member.data.size};
        return STATUS_OK;
    }
    return error_set(error, STATUS_FILE_NOT_FOUND,
                     "%s: no such file: give a kernel inside (imgtool build-direct), or a module called 'kernel'",
                     path);
}

static const struct content_piece *find_outside(const struct content *content, const char *path)
{
    char name[sizeof CONTENT_MODULE + 10];
    if (names_equal(path, (struct span){(const uint8_t *)CONTENT_KERNEL, sizeof CONTENT_KERNEL - 1}) &&
        content->kernel.size != 0)
        return &content->kernel;
    if (names_equal(path, (struct span){(const uint8_t *)CONTENT_RAMDISK, sizeof CONTENT_RAMDISK - 1}) &&
        content->ramdisk.size != 0)
        return &content->ramdisk;
    for (uint32_t i = 0; i < content->module_count; i++) {
        size_t size = format(name, sizeof name, CONTENT_MODULE "%u", i);
        if (names_equal(path, (struct span){(const uint8_t *)name, size}))
            return &content->modules[i].piece;
    }
    return NULL;
}

enum status content_find(const struct content *content, const char *path, struct content_piece *found,
                         struct error *error)
{
    const struct content_piece *outside = find_outside(content, path);
    if (outside == NULL)
        return find_in_archive(content, path, found, error);
    *found = *outside;
    return STATUS_OK;
}
