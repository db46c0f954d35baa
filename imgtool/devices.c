/* imgtool devices: the disks that imgtool write may write to. */
#include "block_devices.h"
#include "json.h"
#include "operands.h"
#include "size.h"

#include <string.h>

static int as_json, all;

static const struct poptOption options[] = {
    {"all", 'a', POPT_ARG_NONE, &all, 0, "also disks that are in use, read-only or not removable", NULL},
    {"json", 0, POPT_ARG_NONE, &as_json, 0, "as JSON, all disks", NULL},
    POPT_TABLEEND,
};

/* Why `write` would refuse it; empty: it would not. */
static const char *objection(const struct block_device *device)
{
    if (device->use[0] != '\0')
        return device->use;
    if (device->read_only)
        return "is read-only";
    return device->removable ? "" : "is not removable";
}

static void print(const struct block_devices *devices)
{
    size_t shown = 0;
    for (size_t i = 0; i < devices->count; i++) {
        const struct block_device *device = &devices->list[i];
        char size[32], path[80];
        const char *problem = objection(device);
        if (!all && *problem != '\0')
            continue;
        snprintf(path, sizeof path, "/dev/%s", device->name);
        printf("%-14s %12s  %-28s %s%s%s\n", path, size_text(device->size, size, sizeof size),
               device->model[0] != '\0' ? device->model : "-", device->serial[0] != '\0' ? device->serial : "-",
               *problem != '\0' ? "  " : "", problem);
        shown++;
    }
    if (shown == 0)
        fputs("No removable disk is free to be written; 'imgtool devices --all' shows all disks.\n", stderr);
}

static void print_json(const struct block_devices *devices)
{
    struct json_object *document = json_document("devices");
    struct json_object *array = json_array_in(document, "devices");
    for (size_t i = 0; i < devices->count; i++) {
        const struct block_device *device = &devices->list[i];
        struct json_object *object = json_object_append(array);
        char path[80];
        snprintf(path, sizeof path, "/dev/%s", device->name);
        json_text(object, "path", path);
        json_number(object, "size", device->size);
        if (device->model[0] != '\0')
            json_text(object, "model", device->model);
        if (device->serial[0] != '\0')
            json_text(object, "serial", device->serial);
        json_flag(object, "removable", device->removable);
        json_flag(object, "usb", device->usb);
        json_flag(object, "read_only", device->read_only);
        if (device->use[0] != '\0')
            json_text(object, "in_use", device->use);
    }
    json_finish(document);
}

static int run(poptContext context)
{
    static const struct block_devices_root root = {"/sys", "/proc"};
    struct block_devices devices;
    enum exit_code code = operands_take(context, "imgtool devices", 0, 0, NULL);
    if (code != EXIT_OK)
        return code;
    code = block_devices_read(&root, &devices);
    if (code == EXIT_OK && as_json)
        print_json(&devices);
    else if (code == EXIT_OK)
        print(&devices);
    block_devices_free(&devices);
    return code;
}

const struct command command_devices = {
    .name = "devices",
    .arguments = "",
    .summary = "list the USB sticks and cards that an image can be written to",
    .examples = "imgtool devices\n"
                "imgtool devices --all\n"
                "imgtool devices --json\n",
    .options = options,
    .run = run,
};
