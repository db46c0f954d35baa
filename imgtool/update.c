/* imgtool update: new files in an image that exists, in place. Whatever stops it, and at whatever write, the image
 * holds either all of the old files or all of the new ones. */
#include "update.h"

#include "cli.h"
#include "fat_shadow.h"
#include "progress.h"

#include <stdlib.h>

/* The phases from `first` on. */
static enum exit_code make_phases(const struct changes *changes, unsigned first, struct block_target *target)
{
    enum exit_code code = EXIT_OK;
    for (unsigned phase = first; phase < CHANGES_PHASES && code == EXIT_OK; phase++)
        code = changes_make(changes, phase, target);
    return code;
}

/* Before the switch everything can be taken back: the tables are made as they were, and the new clusters are free
 * again. */
static enum exit_code prepare(struct update *update, struct block_target *target)
{
    enum exit_code code = make_phases(&update->loader_prepare, 0, target);
    if (code == EXIT_OK)
        code = changes_make(&update->changes, FAT_COMMIT_PREPARE, target);
    for (uint32_t i = 0; i < update->content.count && code == EXIT_OK; i++)
        if (update->content.items[i].bytes.data == NULL)
            code = host_file_unchanged(&update->content.items[i].file);
    if (code == EXIT_OK)
        return EXIT_OK;
    changes_drop_made(&update->undo, &update->files->image.block);
    if (changes_make(&update->undo, 0, target) == EXIT_OK)
        cli_note("%s: holds its old files, as before", target->name);
    return code;
}

/* An earlier update may have been stopped while the root directory was in its other place. */
static enum exit_code recover(struct boot_files *files)
{
    struct block_target target;
    bool found;
    block_target_init_fd(&target, files->image.fd, files->image.path);
    enum exit_code code = fat_shadow_leave(&files->fat, &target, &found);
    if (code != EXIT_OK || !found)
        return code;
    struct error error;
    const struct partition *partition = files->partition;
    uint64_t sector = files->image.block.sector_size, start = partition != NULL ? partition->first_lba * sector : 0;
    uint64_t end = partition != NULL ? (partition->last_lba + 1) * sector : files->image.block.size;
    if (fat_mount(&files->fat, &files->image.block, start, end - start, &error) != STATUS_OK)
        return disk_image_failure(&files->image, &error);
    return EXIT_OK;
}

enum exit_code update_make(struct update *update)
{
    struct block_target target;
    block_target_init_fd(&target, update->files->image.fd, update->files->image.path);
    enum exit_code code = prepare(update, &target);
    if (code == EXIT_OK) /* new loaders start old kernels; old loaders may not start new ones */
        code = make_phases(&update->loader_switch, 0, &target);
    if (code == EXIT_OK)
        code = make_phases(&update->changes, FAT_COMMIT_PREPARE + 1, &target);
    if (code == EXIT_OK)
        code = changes_make(&update->iso, 0, &target);
    return code;
}

void update_free(struct update *update)
{
    fat_directories_free(&update->directories);
    fat_map_free(&update->map);
    changes_free(&update->loader_prepare);
    changes_free(&update->loader_switch);
    changes_free(&update->changes);
    changes_free(&update->undo);
    changes_free(&update->iso);
    image_content_free(&update->content);
    free(update->actions);
    free(update->removed);
    free(update->config_text);
    update_options_free(&update->options);
}

static int run(poptContext context)
{
    static struct boot_files files; /* several KiB */
    struct update update = {.files = &files};
    enum exit_code code = update_options_take(context, &update.options);
    bool opened = false;
    if (update.options.quiet)
        progress_silence();
    if (code == EXIT_OK) {
        code = boot_files_open_to_write(&files, update.options.image);
        opened = code == EXIT_OK;
    }
    if (code == EXIT_OK)
        code = recover(&files);
    if (code == EXIT_OK)
        code = update_plan(&update);
    if (code == EXIT_OK)
        code = update_make(&update);
    if (code == EXIT_OK)
        update_report(&update);
    update_free(&update);
    if (opened)
        boot_files_close(&files);
    return code;
}

const struct command command_update = {
    .name = "update",
    .arguments = "IMAGE|DEVICE",
    .summary = "put a new kernel, or other files, into an image, crash-safe",
    .examples = "imgtool update disk.img --kernel kernel.elf\n"
                "imgtool update disk.img --ramdisk initrd.cpio --cmdline 'verbose' --file init.conf:/etc/init.conf\n"
                "imgtool update /dev/sdb --loader --json\n",
    .options = update_options_table,
    .run = run,
};
