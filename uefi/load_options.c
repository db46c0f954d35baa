/* What the shell, the boot entry or the boot loader that started us gave us (UEFI 2.10, 9.1). */
#include "load_options.h"
#include "services.h"

struct span firmware_load_options(void)
{
    static const EFI_GUID loaded_image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    const EFI_LOADED_IMAGE *image = services_protocol(services.image, &loaded_image_guid);
    if (image == NULL || image->LoadOptions == NULL || image->LoadOptionsSize > LOAD_OPTIONS_SIZE_MAX)
        return (struct span){NULL, 0};
    const struct span options = {image->LoadOptions, image->LoadOptionsSize};
    char *lines = services_allocate(LOAD_OPTIONS_TEXT_ROOM(options.size));
    uint32_t size = 0;
    if (lines != NULL && load_options_lines(options, lines, &size))
        return (struct span){(uint8_t *)lines, size};
    services_free(lines);
    return (struct span){NULL, 0};
}
