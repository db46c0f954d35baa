#include "changes.h"

#include "checked.h"
#include "progress.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR 512u
#define PIECE_SIZE (1u << 20)

void changes_free(struct changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        free(changes->list[i].bytes);
    free(changes->list);
    *changes = (struct changes){0};
}

static enum exit_code append(struct changes *changes, const struct change *change)
{
    if (changes->count > 0 && changes->list[changes->count - 1].phase > change->phase) {
        free(change->bytes);
        return failure(EXIT_FAILED, "bug: a write of phase %u comes behind the next phase", change->phase);
    }
    struct change *list = reallocarray(changes->list, changes->count + 1, sizeof *list);
    if (list == NULL) {
        free(change->bytes);
        return failure_memory();
    }
    changes->list = list;
    list[changes->count++] = *change;
    return EXIT_OK;
}

enum exit_code changes_add(struct changes *changes, unsigned phase, uint64_t offset, const void *bytes, uint64_t size)
{
    struct change change = {.offset = offset, .size = size, .bytes = malloc(size), .phase = phase};
    if (change.bytes == NULL)
        return failure_memory();
    memcpy(change.bytes, bytes, size);
    return append(changes, &change);
}

enum exit_code changes_add_file(struct changes *changes, unsigned phase, uint64_t offset, uint64_t size,
                                const struct host_file *file, uint64_t file_offset)
{
    struct change change = {.offset = offset, .size = size, .file = file, .file_offset = file_offset, .phase = phase};
    return append(changes, &change);
}

enum exit_code changes_add_difference(struct changes *changes, unsigned phase, uint64_t offset, const uint8_t *before,
                                      const uint8_t *after, uint64_t size)
{
    uint64_t at = 0;
    while (at < size) {
        uint64_t end = at;
        while (end < size && memcmp(before + end, after + end, size - end < SECTOR ? size - end : SECTOR) != 0)
            end += SECTOR;
        if (end > size)
            end = size;
        if (end > at) {
            enum exit_code code = changes_add(changes, phase, offset + at, after + at, end - at);
            if (code != EXIT_OK)
                return code;
        }
        at = end + SECTOR;
    }
    return EXIT_OK;
}

static bool is_made(const struct change *change, struct block *disk)
{
    struct error ignored;
    uint8_t *there = change->bytes != NULL ? malloc(change->size) : NULL;
    bool made = there != NULL && block_read(disk, change->offset, change->size, there, &ignored) == STATUS_OK &&
                memcmp(there, change->bytes, change->size) == 0;
    free(there);
    return made;
}

void changes_drop_made(struct changes *changes, struct block *disk)
{
    size_t kept = 0;
    for (size_t i = 0; i < changes->count; i++) {
        if (is_made(&changes->list[i], disk))
            free(changes->list[i].bytes);
        else
            changes->list[kept++] = changes->list[i];
    }
    changes->count = kept;
}

uint64_t changes_bytes(const struct changes *changes)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < changes->count; i++)
        sum += changes->list[i].size;
    return sum;
}

/* Takes [offset, offset + size) of what a change writes. */
static enum exit_code take(const struct change *change, uint64_t offset, uint64_t size, uint8_t *to)
{
    if (change->bytes != NULL) {
        memcpy(to, change->bytes + offset, size);
        return EXIT_OK;
    }
    uint64_t from = change->file_offset + offset, rest = change->file->size > from ? change->file->size - from : 0;
    uint64_t given = size < rest ? size : rest;
    memset(to + given, 0, size - given);
    return host_file_read(change->file, from, given, to);
}

static enum exit_code make(const struct change *change, struct block_target *target, uint8_t *piece)
{
    if (change->bytes != NULL) {
        progress_add(change->size);
        return block_target_write(target, change->offset, change->bytes, change->size);
    }
    enum exit_code code = EXIT_OK;
    for (uint64_t done = 0; done < change->size && code == EXIT_OK; done += PIECE_SIZE) {
        uint64_t size = change->size - done < PIECE_SIZE ? change->size - done : PIECE_SIZE;
        code = take(change, done, size, piece);
        if (code == EXIT_OK)
            code = block_target_write(target, change->offset + done, piece, size);
        progress_add(size);
    }
    return code;
}

static uint64_t phase_bytes(const struct changes *changes, unsigned phase)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < changes->count; i++)
        if (changes->list[i].phase == phase)
            sum += changes->list[i].size;
    return sum;
}

enum exit_code changes_make(const struct changes *changes, unsigned phase, struct block_target *target)
{
    uint8_t *piece = malloc(PIECE_SIZE);
    enum exit_code code = piece != NULL ? EXIT_OK : failure_memory();
    bool any = false;
    progress_begin("writing", phase_bytes(changes, phase));
    for (size_t i = 0; i < changes->count && code == EXIT_OK; i++) {
        if (changes->list[i].phase != phase)
            continue;
        any = true;
        code = make(&changes->list[i], target, piece);
    }
    progress_end();
    free(piece);
    return code == EXIT_OK && any ? block_target_flush(target) : code;
}

static enum status read_changed(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    const struct changed_block *changed = block->context;
    enum status status = block_read(changed->base, offset, size, to, error);
    for (size_t i = 0; i < changed->changes->count && status == STATUS_OK; i++) {
        const struct change *change = &changed->changes->list[i];
        uint64_t start = offset > change->offset ? offset : change->offset;
        uint64_t end = offset + size < change->offset + change->size ? offset + size : change->offset + change->size;
        if (start < end &&
            take(change, start - change->offset, end - start, (uint8_t *)to + (start - offset)) != EXIT_OK)
            status = error_set(error, STATUS_READ_ERROR, "a file can't be read");
    }
    return status;
}

void changed_block_init(struct changed_block *changed, struct block *base, const struct changes *changes)
{
    changed->block =
        (struct block){.read = read_changed, .size = base->size, .sector_size = base->sector_size, .context = changed};
    changed->base = base;
    changed->changes = changes;
}
