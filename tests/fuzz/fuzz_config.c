/* Any text as /stagecoach.conf: what is accepted obeys the limits, and parse(print(x)) == x. */
#include "fuzz.h"

#include "config.h"
#include "support/config_print.h"

static void count_warning(void *context, const char *text)
{
    ++*(unsigned *)context;
    FUZZ_ASSERT(strncmp(text, CONFIG_PATH ":", sizeof CONFIG_PATH) == 0 && strlen(text) < 256);
}

static bool inside(struct config_text text, uint32_t limit, const uint8_t *data, size_t size)
{
    const uint8_t *start = (const uint8_t *)text.text;
    return text.size <= limit && (text.size == 0 || (start >= data && text.size <= (size_t)(data + size - start)));
}

static void check(const struct config *config, const uint8_t *data, size_t size)
{
    FUZZ_ASSERT(config->kernel.size > 1 && config->kernel.size <= CONFIG_PATH_MAX && config->kernel.text[0] == '/');
    FUZZ_ASSERT(inside(config->ramdisk, CONFIG_PATH_MAX, data, size));
    FUZZ_ASSERT(inside(config->command_line, CONFIG_COMMAND_LINE_MAX, data, size));
    FUZZ_ASSERT(config->module_count <= CONFIG_MODULES_MAX);
    for (uint32_t i = 0; i < config->module_count; i++) {
        FUZZ_ASSERT(inside(config->modules[i].path, CONFIG_PATH_MAX, data, size) && config->modules[i].path.size > 1);
        FUZZ_ASSERT(inside(config->modules[i].name, CONFIG_PATH_MAX, data, size) && config->modules[i].name.size > 0);
        FUZZ_ASSERT(inside(config->modules[i].arguments, CONFIG_COMMAND_LINE_MAX, data, size));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config config, again;
    static char text[CONFIG_SIZE_MAX * 2];
    struct error error;
    unsigned warnings = 0;
    enum status status = config_parse((struct span){data, size}, &config, count_warning, &warnings, &error);
    if (status != STATUS_OK) {
        fuzz_expect_sentence(status, &error);
        return 0;
    }
    check(&config, data, size);

    size_t printed = config_print(&config, text);
    warnings = 0;
    status = config_parse((struct span){(const uint8_t *)text, printed}, &again, count_warning, &warnings, &error);
    FUZZ_ASSERT(status == STATUS_OK && warnings == 0 && config_equal(&config, &again));
    return 0;
}
