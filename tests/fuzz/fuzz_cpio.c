/* A cpio archive, looked through for files, and as the content of a directly started loader without configuration. */
#include "fuzz.h"

#include "cpio.h"
#include "firmware.h"
#include "settings.h"

static const uint8_t *memory;

/* Physical memory is the archive. */
void *firmware_map(uint64_t phys, uint64_t size)
{
    (void)size;
    return (void *)(uintptr_t)(memory + phys); /* nobody writes to it */
}

static void walk(struct span archive)
{
    struct cpio_member member;
    struct error error;
    uint64_t at = 0, before = 0;
    bool more = true;
    while (more) {
        enum status status = cpio_next(archive, &at, &member, &more, &error);
        if (status != STATUS_OK) {
            fuzz_expect_sentence(status, &error);
            return;
        }
        FUZZ_ASSERT(at > before && at <= archive.size);
        FUZZ_ASSERT(member.data.data >= archive.data &&
                    member.data.data + member.data.size <= archive.data + archive.size);
        FUZZ_ASSERT(member.name.data > archive.data &&
                    member.name.data + member.name.size < archive.data + archive.size);
        before = at;
    }
}

static void configure(struct span archive)
{
    static struct starter starter;
    static struct content content;
    static char text[4096];
    struct error error;
    uint64_t size;
    const struct content_piece own = {0, archive.size};
    starter_init(&starter, BOOT_SOURCE_PVH);
    FUZZ_ASSERT(content_sort(&starter, &own, &content, &error) == STATUS_OK);
    const struct settings settings = {&content, {NULL, 0}, {"quiet", 5}};
    FUZZ_ASSERT(settings_room(&settings) <= sizeof text);
    FUZZ_ASSERT(settings_write(&settings, text, &size, &error) == STATUS_OK);
    FUZZ_ASSERT(size <= settings_room(&settings));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory = data;
    const struct span archive = {data, size};
    walk(archive);
    if (size > 0)
        configure(archive);
    return 0;
}
