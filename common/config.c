#include "config.h"

#include "config_lines.h"
#include "edit_distance.h"
#include "format.h"
#include "memory.h"
#include "text.h"

#define PIXELS_MAX 65535u
#define REBOOT_SECONDS_MAX 86400u

struct parser {
    struct config_lines lines;
    struct config *config;
    config_warning *warn;
    void *context;
    struct error *error;
};

struct config_key {
    char name[16];
    enum status (*take)(struct parser *parser, struct config_text value);
    bool repeatable, may_be_empty;
};

static bool equals(struct config_text text, const char *name)
{
    uint32_t i = 0;
    while (i < text.size && name[i] != '\0' && text.text[i] == name[i])
        i++;
    return i == text.size && name[i] == '\0';
}

/* As much of a text as a message quotes, for "%.*s": whole UTF-8 characters. */
static int quoted(struct config_text text)
{
    const uint32_t limit = 60;
    if (text.size <= limit)
        return (int)text.size;
    uint32_t size = limit;
    while ((text.text[size] & 0xc0) == 0x80)
        size--;
    return (int)size;
}

static enum status refuse_value(const struct parser *parser, struct config_text value, const char *rule)
{
    return config_refuse(&parser->lines, value.text, STATUS_CONFIG_VALUE, parser->error, "'%.*s' is not %s",
                         quoted(value), value.text, rule);
}

static enum status check_length(const struct parser *parser, struct config_text value, const char *what, uint32_t limit)
{
    if (value.size <= limit)
        return STATUS_OK;
    return config_refuse(&parser->lines, value.text, STATUS_CONFIG_VALUE, parser->error,
                         "the %s has %u bytes, but at most %u are allowed", what, value.size, limit);
}

static enum status take_path(const struct parser *parser, struct config_text value, struct config_text *path)
{
    enum status status = check_length(parser, value, "path", CONFIG_PATH_MAX);
    if (status != STATUS_OK)
        return status;
    if (value.text[0] != '/' || value.text[value.size - 1] == '/')
        return refuse_value(parser, value, "the absolute path of a file, such as /boot/kernel.elf");
    for (uint32_t i = 0; i < value.size; i++)
        if (value.text[i] == '\t')
            return refuse_value(parser, value, "a path: it holds a tab");
    *path = value;
    return STATUS_OK;
}

static enum status name_kernel(struct parser *parser, struct config_text value, bool efi_stub)
{
    struct config *config = parser->config;
    if (config->kernel_named)
        return config_refuse(&parser->lines, value.text, STATUS_CONFIG_DUPLICATE, parser->error,
                             "'kernel' and 'efi-stub' both name what to start; remove one of them");
    config->kernel_named = true;
    config->efi_stub = efi_stub;
    return take_path(parser, value, &config->kernel);
}

static enum status take_kernel(struct parser *parser, struct config_text value)
{
    return name_kernel(parser, value, false);
}

static enum status take_efi_stub(struct parser *parser, struct config_text value)
{
    return name_kernel(parser, value, true);
}

static enum status take_ramdisk(struct parser *parser, struct config_text value)
{
    return take_path(parser, value, &parser->config->ramdisk);
}

static enum status take_command_line(struct parser *parser, struct config_text value)
{
    enum status status = check_length(parser, value, "command line", CONFIG_COMMAND_LINE_MAX);
    if (status == STATUS_OK)
        parser->config->command_line = value;
    return status;
}

static enum status take_log_level(struct parser *parser, struct config_text value)
{
    static const char levels[][6] = {"off", "error", "warn", "info", "debug", "trace"};
    for (unsigned i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (equals(value, levels[i])) {
            parser->config->log.level = (enum log_level)i;
            return STATUS_OK;
        }
    }
    return refuse_value(parser, value, "one of off, error, warn, info, debug, trace");
}

static enum status take_switch(const struct parser *parser, struct config_text value, bool *on)
{
    if (!equals(value, "on") && !equals(value, "off"))
        return refuse_value(parser, value, "'on' or 'off'");
    *on = equals(value, "on");
    return STATUS_OK;
}

static enum status take_compressed(struct parser *parser, struct config_text value)
{
    return take_switch(parser, value, &parser->config->compressed);
}

static enum status take_log_serial(struct parser *parser, struct config_text value)
{
    return take_switch(parser, value, &parser->config->log.serial);
}

static enum status take_log_screen(struct parser *parser, struct config_text value)
{
    return take_switch(parser, value, &parser->config->log.screen);
}

static bool take_number(struct config_text text, uint64_t limit, uint64_t *number)
{
    return text_number(text.text, text.size, limit, number);
}

static enum status take_video(struct parser *parser, struct config_text value)
{
    struct config *config = parser->config;
    config->video_off = equals(value, "off");
    config->video_width = config->video_height = 0;
    if (config->video_off)
        return STATUS_OK;
    struct config_text width = {value.text, 0};
    while (width.size < value.size && value.text[width.size] != 'x')
        width.size++;
    struct config_text height = {value.text + width.size, value.size - width.size};
    if (height.size > 0) {
        height.text++;
        height.size--;
    }
    uint64_t columns, rows;
    if (!take_number(width, PIXELS_MAX, &columns) || !take_number(height, PIXELS_MAX, &rows) || columns == 0 ||
        rows == 0)
        return refuse_value(parser, value, "'off' or WIDTHxHEIGHT in pixels, such as 1280x720");
    config->video_width = (uint32_t)columns;
    config->video_height = (uint32_t)rows;
    return STATUS_OK;
}

static enum status take_reboot(struct parser *parser, struct config_text value)
{
    struct config *config = parser->config;
    uint64_t seconds = 0;
    const bool on = !equals(value, "off");
    if (on && !take_number(value, REBOOT_SECONDS_MAX, &seconds))
        return refuse_value(parser, value, "'off' or a number of seconds up to 86400");
    config->reboot_seconds = (uint32_t)seconds;
    config->reboot_on_error = on;
    return STATUS_OK;
}

static enum status take_aslr(struct parser *parser, struct config_text value)
{
    bool on;
    enum status status = take_switch(parser, value, &on);
    if (status == STATUS_OK)
        parser->config->aslr = on ? CONFIG_ASLR_ON : CONFIG_ASLR_OFF;
    return status;
}

static enum status take_kaslr_seed(struct parser *parser, struct config_text value)
{
    uint8_t seed[CONFIG_KASLR_SEED_SIZE] = {0};
    bool sound = value.size <= 2 * sizeof seed;
    for (uint32_t i = 0; i < value.size && sound; i++) {
        uint32_t place = value.size - 1 - i; /* of the digit, from the last one on */
        uint8_t digit = text_hex_digit(value.text[i]);
        sound = digit < 16;
        seed[sizeof seed - 1 - place / 2] |= (uint8_t)(digit << 4 * (place % 2));
    }
    if (!sound)
        return refuse_value(parser, value, "a number of up to 64 hexadecimal digits");
    parser->config->has_kaslr_seed = true;
    memcpy(parser->config->kaslr_seed, seed, sizeof seed);
    return STATUS_OK;
}

static enum status take_test_sentinel(struct parser *parser, struct config_text value)
{
    if (!take_number(value, UINT64_MAX, &parser->config->test_sentinel))
        return refuse_value(parser, value, "a decimal number of at most 64 bits");
    return STATUS_OK;
}

static struct config_text last_part(struct config_text path)
{
    uint32_t start = path.size;
    while (path.text[start - 1] != '/') /* ends at the leading slash at the latest */
        start--;
    return (struct config_text){path.text + start, path.size - start};
}

static enum status take_module(struct parser *parser, struct config_text value)
{
    struct config *config = parser->config;
    if (config->module_count == CONFIG_MODULES_MAX)
        return config_refuse(&parser->lines, value.text, STATUS_CONFIG_LIMIT, parser->error, "more than %d modules",
                             CONFIG_MODULES_MAX);
    struct config_module module;
    struct config_text rest = value;
    enum status status = take_path(parser, config_take_word(&rest), &module.path);
    if (status != STATUS_OK)
        return status;
    module.name = config_take_word(&rest);
    if (module.name.size == 0)
        module.name = last_part(module.path);
    module.arguments = rest;
    status = check_length(parser, module.name, "module's name", CONFIG_PATH_MAX);
    if (status == STATUS_OK)
        status = check_length(parser, module.arguments, "list of arguments", CONFIG_COMMAND_LINE_MAX);
    if (status == STATUS_OK)
        config->modules[config->module_count++] = module;
    return status;
}

static enum status take_file(struct parser *parser, struct config_text value)
{
    return take_path(parser, value, &parser->config->file);
}

static const struct config_key keys[] = {
    {.name = "kernel", .take = take_kernel},
    {.name = "efi-stub", .take = take_efi_stub},
    {.name = "ramdisk", .take = take_ramdisk},
    {.name = "cmdline", .take = take_command_line, .may_be_empty = true},
    {.name = "compressed", .take = take_compressed},
    {.name = "log-level", .take = take_log_level},
    {.name = "log-serial", .take = take_log_serial},
    {.name = "log-screen", .take = take_log_screen},
    {.name = "video", .take = take_video},
    {.name = "reboot-on-error", .take = take_reboot},
    {.name = "aslr", .take = take_aslr},
    {.name = "kaslr-seed", .take = take_kaslr_seed},
    {.name = "test-sentinel", .take = take_test_sentinel},
    {.name = "module", .take = take_module, .repeatable = true},
    {.name = "config", .take = take_file}, /* load options only */
};
#define KEY_COUNT (sizeof keys / sizeof *keys)

static unsigned key_count(const struct parser *parser)
{
    return parser->lines.one_line ? KEY_COUNT : KEY_COUNT - 1;
}

static const char *nearest_key(const struct parser *parser, struct config_text key)
{
    const char *nearest = NULL;
    unsigned best = 0;
    for (unsigned i = 0; i < key_count(parser); i++) {
        unsigned distance = edit_distance(key.text, key.size, keys[i].name);
        if (nearest == NULL || distance < best) {
            nearest = keys[i].name;
            best = distance;
        }
    }
    return nearest;
}

static void warn_of_unknown(const struct parser *parser, struct config_text key)
{
    char text[256];
    format(text, sizeof text, "%s:%u:%u: unknown key '%.*s' is ignored (nearest: '%s')", parser->lines.name,
           parser->lines.line, config_column(&parser->lines, key.text), quoted(key), key.text,
           nearest_key(parser, key));
    if (parser->warn != NULL)
        parser->warn(parser->context, text);
}

static const struct config_key *find_key(const struct parser *parser, struct config_text name)
{
    for (unsigned i = 0; i < key_count(parser); i++)
        if (equals(name, keys[i].name))
            return &keys[i];
    return NULL;
}

/* first_lines: where each key was first seen; 0: not yet. */
static enum status take_line(struct parser *parser, const struct config_key *key, struct config_text name,
                             struct config_text value, uint32_t first_lines[KEY_COUNT])
{
    uint32_t *first_line = &first_lines[key - keys];
    if (*first_line != 0 && !key->repeatable)
        return config_refuse(&parser->lines, name.text, STATUS_CONFIG_DUPLICATE, parser->error,
                             "'%s' is already on line %u; remove one of them", key->name, *first_line);
    *first_line = parser->lines.line;
    if (value.size == 0 && !key->may_be_empty)
        return config_refuse(&parser->lines, value.text, STATUS_CONFIG_SYNTAX, parser->error, "'%s' needs a value",
                             key->name);
    return key->take(parser, value);
}

void config_defaults(struct config *config)
{
    static const char kernel[] = "/kernel.elf";
    memset(config, 0, sizeof *config);
    config->kernel = (struct config_text){kernel, sizeof kernel - 1};
    config->ramdisk = (struct config_text){"", 0};
    config->command_line = (struct config_text){"", 0};
    config->log = (struct log_settings){.level = LOG_INFO, .serial = true, .screen = true};
}

static enum status take_lines(struct parser *parser)
{
    enum status status = STATUS_OK;
    uint32_t first_lines[KEY_COUNT] = {0};
    struct config_text name, value;
    while (status == STATUS_OK && config_lines_next(&parser->lines, &name, &value)) {
        const struct config_key *key = find_key(parser, name);
        if (key == NULL)
            warn_of_unknown(parser, name);
        else
            status = take_line(parser, key, name, value, first_lines);
    }
    return status;
}

enum status config_parse_file(const char *name, struct span text, struct config *config, config_warning *warn,
                              void *context, struct error *error)
{
    struct parser parser = {.config = config, .warn = warn, .context = context, .error = error};
    config_defaults(config);
    enum status status = config_lines_start(&parser.lines, name, text, error);
    return status == STATUS_OK ? take_lines(&parser) : status;
}

enum status config_parse(struct span text, struct config *config, config_warning *warn, void *context,
                         struct error *error)
{
    return config_parse_file(CONFIG_PATH, text, config, warn, context, error);
}

enum status config_override(struct span options, struct config *config, config_warning *warn, void *context,
                            struct error *error)
{
    struct parser parser = {.config = config, .warn = warn, .context = context, .error = error};
    config->kernel_named = false;
    config_lines_start_options(&parser.lines, options);
    return take_lines(&parser);
}
