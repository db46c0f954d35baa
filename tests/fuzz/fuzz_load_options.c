/* Any bytes as load options: what becomes lines keeps its place, and changes a configuration only to what the parser
 * would take from a file, or is refused with a sentence. */
#include "fuzz.h"

#include "config.h"
#include "load_options.h"

static void count_warning(void *context, const char *text)
{
    ++*(unsigned *)context;
    FUZZ_ASSERT(strncmp(text, "load options:1:", 15) == 0 && strlen(text) < 256);
}

static void check_path(struct config_text path)
{
    FUZZ_ASSERT(path.size > 1 && path.size <= CONFIG_PATH_MAX && path.text[0] == '/');
    FUZZ_ASSERT(memchr(path.text, '\\', path.size) == NULL);
}

static void check(const struct config *config)
{
    check_path(config->kernel);
    if (config->ramdisk.size != 0)
        check_path(config->ramdisk);
    if (config->file.size != 0)
        check_path(config->file);
    FUZZ_ASSERT(config->command_line.size <= CONFIG_COMMAND_LINE_MAX);
    FUZZ_ASSERT(config->module_count <= CONFIG_MODULES_MAX);
    for (uint32_t i = 0; i < config->module_count; i++)
        check_path(config->modules[i].path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config config;
    struct error error;
    unsigned warnings = 0;
    uint32_t used;
    char *lines = malloc(LOAD_OPTIONS_TEXT_ROOM(size));
    if (load_options_lines((struct span){data, size}, lines, &used)) {
        FUZZ_ASSERT(size <= LOAD_OPTIONS_SIZE_MAX && used <= LOAD_OPTIONS_TEXT_ROOM(size));
        for (uint32_t i = 0; i < used; i++)
            FUZZ_ASSERT((uint8_t)lines[i] >= ' ' || lines[i] == '\n');
        config_defaults(&config);
        const struct span text = {(const uint8_t *)lines, used};
        const enum status status = config_override(text, &config, count_warning, &warnings, &error);
        if (status == STATUS_OK)
            check(&config);
        else
            fuzz_expect_sentence(status, &error);
    }
    free(lines);
    return 0;
}
