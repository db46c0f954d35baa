#include "digest.h"

#include "progress.h"

#include <stdio.h>
#include <stdlib.h>

#define PIECE_SIZE (1u << 20)

void digest_end(struct sha256_ctx *context, char text[DIGEST_TEXT_SIZE])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(context, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

enum status digest_fat_file(struct fat_file *file, char text[DIGEST_TEXT_SIZE], struct error *error)
{
    struct sha256_ctx context;
    enum status status = STATUS_OK;
    uint8_t *piece = malloc(PIECE_SIZE);
    if (piece == NULL)
        return error_set(error, STATUS_OUT_OF_MEMORY, "imgtool has no memory left");
    sha256_init(&context);
    for (uint64_t offset = 0; offset < file->size && status == STATUS_OK; offset += PIECE_SIZE) {
        uint64_t size = file->size - offset < PIECE_SIZE ? file->size - offset : PIECE_SIZE;
        status = fat_read(file, offset, size, piece, error);
        if (status == STATUS_OK)
            sha256_update(&context, size, piece);
        progress_add(size);
    }
    free(piece);
    digest_end(&context, text);
    return status;
}
