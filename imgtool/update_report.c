#include "update.h"

#include "json.h"

static const char *action_text(enum update_action action)
{
    return action == UPDATE_EQUAL ? "unchanged" : action == UPDATE_ADDED ? "added" : "replaced";
}

static const char *bios_text(enum loader_state state)
{
    return state == LOADER_ABSENT ? "absent" : state == LOADER_EQUAL ? "unchanged" : "replaced";
}

static uint64_t bytes_written(const struct update *update)
{
    return changes_bytes(&update->changes) + changes_bytes(&update->loader_prepare) +
           changes_bytes(&update->loader_switch) + changes_bytes(&update->iso);
}

static void print_json(const struct update *update)
{
    const struct update_options *options = &update->options;
    struct json_object *document = json_document("update");
    uint32_t first, free_clusters = fat_map_count_free(&update->map, &first);
    json_text(document, "image", options->image);
    struct json_object *files = json_array_in(document, "files");
    for (uint32_t i = 0; i < update->content.count; i++) {
        struct json_object *file = json_object_append(files);
        json_text(file, "path", update->content.items[i].path);
        json_text(file, "action", action_text(update->actions[i]));
        json_number(file, "size", image_item_size(&update->content.items[i]));
    }
    for (size_t i = 0; i < options->removal_count; i++) {
        struct json_object *file = json_object_append(files);
        json_text(file, "path", options->removals[i]);
        json_text(file, "action", update->removed[i] ? "removed" : "absent");
    }
    if (options->loader)
        json_text(document, "bios_loader", bios_text(update->bios));
    json_number(document, "bytes_written", bytes_written(update));
    json_number(document, "reclaimed_clusters", update->map.lost);
    json_number(document, "free_bytes", (uint64_t)free_clusters * update->map.fat->cluster_size);
    json_finish(document);
}

static void print(const struct update *update)
{
    const struct update_options *options = &update->options;
    for (uint32_t i = 0; i < update->content.count; i++)
        printf("%s: %s %s (%lu bytes)\n", options->image, update->content.items[i].path,
               action_text(update->actions[i]), image_item_size(&update->content.items[i]));
    for (size_t i = 0; i < options->removal_count; i++)
        if (update->removed[i])
            printf("%s: %s removed\n", options->image, options->removals[i]);
    if (options->loader && update->bios != LOADER_ABSENT)
        printf("%s: BIOS loader %s\n", options->image, bios_text(update->bios));
    if (update->map.lost > 0)
        printf("%s: %u clusters that belonged to no file are free again\n", options->image, update->map.lost);
}

void update_report(const struct update *update)
{
    if (update->options.json)
        print_json(update);
    else if (!update->options.quiet)
        print(update);
}
