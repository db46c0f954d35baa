/* Behind one byte that says what comes from outside: a line break parts the configuration file from a command line. The
 * configuration that is made of them must be one that the parser refuses with a sentence, or takes with what came from
 * outside in it. */
#include "fuzz.h"

#include "firmware.h"
#include "settings.h"

void *firmware_map(uint64_t phys, uint64_t size)
{
    (void)phys;
    (void)size;
    return NULL; /* there is no archive */
}

static void ignore(void *context, const char *text)
{
    (void)context;
    (void)text;
}

static bool is(struct config_text text, const char *wanted)
{
    return text.size == strlen(wanted) && memcmp(text.text, wanted, text.size) == 0;
}

static void check(const struct settings *settings, const char *text, uint64_t size)
{
    static struct config config;
    struct error error;
    enum status status = config_parse((struct span){(const uint8_t *)text, size}, &config, ignore, NULL, &error);
    if (status != STATUS_OK) {
        fuzz_expect_sentence(status, &error);
        return;
    }
    FUZZ_ASSERT(settings->content->kernel.size == 0 || is(config.kernel, CONTENT_KERNEL));
    FUZZ_ASSERT(settings->content->ramdisk.size == 0 || is(config.ramdisk, CONTENT_RAMDISK));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct content content;
    struct error error;
    if (size == 0)
        return 0;
    memset(&content, 0, sizeof content);
    content.kernel.size = data[0] & 1;
    content.ramdisk.size = data[0] >> 1 & 1;
    const uint8_t *end = memchr(data + 1, '\n', size - 1);
    uint64_t first = end != NULL ? (uint64_t)(end - data) + 1 : size;
    const struct settings settings = {
        &content, {data + first, size - first}, {(const char *)data + 1, (uint32_t)(first - 1 - (end != NULL))}};
    uint64_t used, room = settings_room(&settings);
    char *text = malloc(room);
    enum status status = settings_write(&settings, text, &used, &error);
    if (status != STATUS_OK) {
        fuzz_expect_sentence(status, &error);
    } else {
        FUZZ_ASSERT(used <= room);
        check(&settings, text, used);
    }
    free(text);
    return 0;
}
