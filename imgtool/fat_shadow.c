#include "fat_shadow.h"

#include "changes.h"
#include "fat_entry.h"

#include <stdlib.h>
#include <string.h>

#define MARK_OFFSET 480u /* at the end of the boot code */
#define MARK_SIZE 16u

static const uint8_t mark[MARK_SIZE] = "STAGECOACH-ROOT"; /* with its NUL */

bool fat_shadow_enter(const struct fat *fat, uint8_t boot[FAT_SHADOW_SECTOR])
{
    static const uint8_t none[MARK_SIZE];
    uint64_t entries = fat_get16(boot + 17) + fat->fat_size / FAT_ENTRY_SIZE;
    if (fat->bits == 32 || boot[16] != 2 || entries > UINT16_MAX)
        return false;
    boot[16] = 1;
    fat_put16(boot + 17, (uint32_t)entries);
    if (memcmp(boot + MARK_OFFSET, none, MARK_SIZE) == 0)
        memcpy(boot + MARK_OFFSET, mark, MARK_SIZE);
    return true;
}

/* The writes, in the order in which a stop between them does no harm. */
static enum exit_code plan(const struct fat *fat, uint8_t *boot, uint8_t *table, uint8_t *root, struct changes *changes)
{
    uint64_t root_size = (uint64_t)fat->root_entries * FAT_ENTRY_SIZE, own_size = root_size - fat->fat_size, used = 0;
    while (used < own_size && root[used] != 0)
        used += FAT_ENTRY_SIZE;
    memset(root + used, 0, root_size - used);
    boot[16] = 2;
    fat_put16(boot + 17, (uint32_t)(own_size / FAT_ENTRY_SIZE));
    memset(boot + MARK_OFFSET, 0, MARK_SIZE);
    uint64_t second = fat->start + fat->root_offset; /* where the table was */
    enum exit_code code = changes_add(changes, 0, second + fat->fat_size, root, own_size);
    if (code == EXIT_OK)
        code = changes_add(changes, 1, fat->start, boot, FAT_SHADOW_SECTOR);
    return code == EXIT_OK ? changes_add(changes, 2, second, table, fat->fat_size) : code;
}

static enum exit_code leave(struct fat *fat, struct block_target *target, uint8_t *boot)
{
    struct changes changes = {0};
    struct error error;
    uint64_t root_size = (uint64_t)fat->root_entries * FAT_ENTRY_SIZE;
    uint8_t *table = malloc(fat->fat_size), *root = malloc(root_size);
    enum exit_code code = table == NULL || root == NULL ? failure_memory() : EXIT_OK;
    if (code == EXIT_OK &&
        (block_read(fat->block, fat->start + fat->fat_offset, fat->fat_size, table, &error) != STATUS_OK ||
         block_read(fat->block, fat->start + fat->root_offset, root_size, root, &error) != STATUS_OK))
        code = failure(EXIT_IO, "%s: %s", target->name, error.text);
    if (code == EXIT_OK)
        code = plan(fat, boot, table, root, &changes);
    for (unsigned phase = 0; phase < 3 && code == EXIT_OK; phase++)
        code = changes_make(&changes, phase, target);
    changes_free(&changes);
    free(table);
    free(root);
    return code;
}

enum exit_code fat_shadow_leave(struct fat *fat, struct block_target *target, bool *found)
{
    uint8_t boot[FAT_SHADOW_SECTOR];
    struct error error;
    *found = false;
    if (block_read(fat->block, fat->start, sizeof boot, boot, &error) != STATUS_OK)
        return failure(EXIT_IO, "%s: %s", target->name, error.text);
    *found = fat->bits != 32 && boot[16] == 1 && memcmp(boot + MARK_OFFSET, mark, MARK_SIZE) == 0 &&
             (uint64_t)fat->root_entries * FAT_ENTRY_SIZE > fat->fat_size;
    return *found ? leave(fat, target, boot) : EXIT_OK;
}
