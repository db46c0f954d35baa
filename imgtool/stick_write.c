#include "stick_write.h"

#include "progress.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_SIZE (1u << 20)
#define ALIGNMENT 4096u /* for reads past the page cache */

struct run {
    const struct stick_write *write;
    struct block_target *target;
    uint8_t *piece, *other; /* each PIECE_SIZE, aligned */
};

static enum exit_code check_stop(const struct run *run)
{
    if (*run->write->stop == 0)
        return EXIT_OK;
    return failure(EXIT_FAILED, "%s: stopped; it does not boot now", run->target->name);
}

/* A stick that was pulled out, or is another one now, has another size. */
static enum exit_code check_size(const struct run *run)
{
    int64_t size = run->target->size(run->target);
    if (size >= 0 && (uint64_t)size == run->write->source->size)
        return EXIT_OK;
    if (size < 0)
        return failure(EXIT_IO, "%s: is gone: %s", run->target->name, strerror((int)-size));
    return failure(EXIT_IO, "%s: has %ld bytes now, and had %lu", run->target->name, size, run->write->source->size);
}

static enum exit_code read_source(const struct run *run, uint64_t offset, uint64_t size)
{
    struct error error;
    if (block_read(run->write->source, offset, size, run->piece, &error) == STATUS_OK)
        return EXIT_OK;
    return failure(EXIT_IO, "the image can't be read: %s", error.text);
}

static enum exit_code write_piece(struct run *run, uint64_t offset, uint64_t size)
{
    enum exit_code code = read_source(run, offset, size);
    return code == EXIT_OK ? block_target_write(run->target, offset, run->piece, size) : code;
}

static enum exit_code compare_piece(struct run *run, uint64_t offset, uint64_t size)
{
    uint64_t at = 0;
    enum exit_code code = read_source(run, offset, size);
    if (code == EXIT_OK)
        code = block_target_read(run->target, offset, run->other, size);
    if (code != EXIT_OK || memcmp(run->piece, run->other, size) == 0)
        return code;
    while (run->piece[at] == run->other[at])
        at++;
    return failure(EXIT_VERIFY_FAILED, "%s: byte %lu reads back as %#x, not %#x: the stick, or its port, is failing",
                   run->target->name, offset + at, run->other[at], run->piece[at]);
}

/* All ranges but the first bytes. */
static enum exit_code
each_piece(struct run *run, enum exit_code (*act)(struct run *run, uint64_t offset, uint64_t size), const char *what)
{
    const struct write_ranges *ranges = run->write->ranges;
    enum exit_code code = EXIT_OK;
    progress_begin(what, write_ranges_bytes(ranges));
    for (size_t i = 0; i < ranges->count; i++) {
        uint64_t at = ranges->list[i].start < STICK_FIRST ? STICK_FIRST : ranges->list[i].start,
                 end = ranges->list[i].end;
        while (at < end && code == EXIT_OK) {
            uint64_t size = end - at < PIECE_SIZE ? end - at : PIECE_SIZE;
            code = check_stop(run);
            if (code == EXIT_OK)
                code = act(run, at, size);
            at += size;
            progress_add(size);
        }
    }
    progress_end();
    return code;
}

static enum exit_code wipe_first(struct run *run)
{
    memset(run->piece, 0, STICK_FIRST);
    enum exit_code code = block_target_write(run->target, 0, run->piece, STICK_FIRST);
    return code == EXIT_OK ? block_target_flush(run->target) : code;
}

static enum exit_code write_first(struct run *run)
{
    enum exit_code code = check_stop(run);
    if (code != EXIT_OK)
        return code;
    code = write_piece(run, 0, STICK_FIRST);
    if (code == EXIT_OK)
        code = block_target_flush(run->target);
    if (code == EXIT_OK)
        code = compare_piece(run, 0, STICK_FIRST);
    if (code != EXIT_OK)
        wipe_first(run); /* if that fails as well, its own message says so */
    return code;
}

static enum exit_code carry_out(struct run *run)
{
    enum exit_code code = check_size(run);
    if (code == EXIT_OK)
        code = check_stop(run);
    if (code == EXIT_OK)
        code = wipe_first(run);
    if (code == EXIT_OK)
        code = each_piece(run, write_piece, "writing");
    if (code == EXIT_OK)
        code = block_target_flush(run->target);
    if (code == EXIT_OK)
        code = each_piece(run, compare_piece, "reading back");
    if (code == EXIT_OK)
        code = check_size(run);
    return code == EXIT_OK ? write_first(run) : code;
}

enum exit_code stick_write_run(const struct stick_write *write)
{
    struct run run = {.write = write, .target = write->target};
    run.piece = aligned_alloc(ALIGNMENT, PIECE_SIZE);
    run.other = aligned_alloc(ALIGNMENT, PIECE_SIZE);
    enum exit_code code = run.piece != NULL && run.other != NULL ? carry_out(&run) : failure_memory();
    free(run.piece);
    free(run.other);
    return code;
}
