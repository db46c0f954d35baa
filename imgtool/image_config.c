#include "image_config.h"

#include "boot_json.h"
#include "cli.h"
#include "host_file.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define RAMDISK_PATH "/ramdisk"
#define PROGRAM_PATH "/program.efi"

static void warn(void *context, const char *text)
{
    const char *const *name = context;
    cli_warn("%s: %s", *name, text);
}

static enum exit_code parse(struct image_config *config, const char *name, config_warning *warning)
{
    struct error error;
    struct span span = {(const uint8_t *)config->text, config->size};
    enum status status = config_parse(span, &config->config, warning, &name, &error);
    if (status == STATUS_OK)
        return EXIT_OK;
    return failure(EXIT_INPUT_REJECTED, "%s: %s (error %d)", name, error.text, (int)status);
}

static enum exit_code read_user_file(const char *path, struct image_config *config)
{
    struct host_file file;
    enum exit_code code = host_file_open(&file, path);
    if (code != EXIT_OK)
        return code;
    if (file.size > CONFIG_SIZE_MAX) {
        code = failure(EXIT_INPUT_REJECTED, "%s: has %lu bytes; the loader reads at most %u (error %d)", path,
                       file.size, CONFIG_SIZE_MAX, STATUS_CONFIG_TOO_BIG);
    } else {
        config->size = file.size;
        config->text = malloc(file.size + 1);
        code = config->text == NULL ? failure_memory() : host_file_read(&file, 0, file.size, config->text);
    }
    host_file_close(&file);
    return code;
}

/* A boot.json becomes lines like everybody's. */
static enum exit_code translate_json(const char *path, struct image_config *config)
{
    char *lines;
    if (!boot_json_looks_like(config->text, config->size))
        return EXIT_OK;
    enum exit_code code = boot_json_translate(path, config->text, config->size, &lines);
    if (code != EXIT_OK)
        return code;
    free(config->text);
    config->text = lines;
    config->size = strlen(lines);
    return EXIT_OK;
}

__attribute__((format(printf, 2, 3))) static enum exit_code append(struct image_config *config, const char *format, ...)
{
    char *line;
    va_list list;
    va_start(list, format);
    int length = vasprintf(&line, format, list);
    va_end(list);
    if (length < 0)
        return failure_memory();
    char *text = realloc(config->text, config->size + (size_t)length + 2);
    if (text == NULL) {
        free(line);
        return failure_memory();
    }
    if (config->size > 0 && text[config->size - 1] != '\n')
        text[config->size++] = '\n';
    memcpy(text + config->size, line, (size_t)length + 1);
    free(line);
    config->text = text;
    config->size += (size_t)length;
    return EXIT_OK;
}

static enum exit_code append_command_line(const struct image_config_wishes *wishes, struct image_config *config)
{
    if (config->config.command_line.size > 0)
        return failure(EXIT_USAGE, "%s has a cmdline already; remove it there or leave out --cmdline",
                       wishes->config_file);
    if (strpbrk(wishes->command_line, "\r\n") != NULL)
        return failure(EXIT_USAGE, "--cmdline: must be one line");
    return append(config, "cmdline %s\n", wishes->command_line);
}

static enum exit_code append_lines(const struct image_config_wishes *wishes, struct image_config *config)
{
    enum exit_code code = EXIT_OK;
    if (wishes->efi_stub && wishes->config_file != NULL && !config->config.efi_stub)
        return failure(EXIT_USAGE, "--efi-stub: %s does not name it; write there: efi-stub " PROGRAM_PATH,
                       wishes->config_file);
    if (wishes->efi_stub && wishes->config_file == NULL)
        code = append(config, "efi-stub " PROGRAM_PATH "\n");
    else if (wishes->config_file == NULL)
        code = append(config, "kernel %.*s\n", (int)config->config.kernel.size, config->config.kernel.text);
    if (code == EXIT_OK && wishes->ramdisk && config->config.ramdisk.size == 0)
        code = append(config, "ramdisk " RAMDISK_PATH "\n");
    if (code == EXIT_OK && wishes->compressed && !config->config.compressed)
        code = append(config, "compressed on\n");
    if (code == EXIT_OK && wishes->command_line != NULL)
        code = append_command_line(wishes, config);
    if (code == EXIT_OK && wishes->kaslr_seed != NULL)
        code = append(config, "kaslr-seed %s\n", wishes->kaslr_seed);
    for (size_t i = 0; i < wishes->module_count && code == EXIT_OK; i++) {
        const struct image_module *module = &wishes->modules[i];
        code = append(config, "module %s %s%s%s\n", module->path, module->name, *module->arguments ? " " : "",
                      module->arguments);
    }
    return code;
}

static enum exit_code keep_paths(struct image_config *config)
{
    const struct config *parsed = &config->config;
    config->kernel_path = strndup(parsed->kernel.text, parsed->kernel.size);
    if (parsed->ramdisk.size > 0)
        config->ramdisk_path = strndup(parsed->ramdisk.text, parsed->ramdisk.size);
    bool missing = config->kernel_path == NULL || (parsed->ramdisk.size > 0 && config->ramdisk_path == NULL);
    return missing ? failure_memory() : EXIT_OK;
}

enum exit_code image_config_read(const char *path, struct image_config *config)
{
    enum exit_code code = read_user_file(path, config);
    return code == EXIT_OK ? translate_json(path, config) : code;
}

enum exit_code image_config_make(const struct image_config_wishes *wishes, struct image_config *config)
{
    *config = (struct image_config){0};
    config_defaults(&config->config);
    enum exit_code code = EXIT_OK;
    if (wishes->config_file != NULL) {
        code = image_config_read(wishes->config_file, config);
        if (code == EXIT_OK)
            code = parse(config, wishes->config_file, warn);
    }
    if (code == EXIT_OK)
        code = append_lines(wishes, config);
    if (code == EXIT_OK)
        code = parse(config, "the image's configuration", NULL);
    return code == EXIT_OK ? keep_paths(config) : code;
}

void image_config_free(struct image_config *config)
{
    free(config->text);
    free(config->kernel_path);
    free(config->ramdisk_path);
    *config = (struct image_config){0};
}
