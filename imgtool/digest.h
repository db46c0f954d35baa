/* SHA-256 of files. */
#ifndef STAGECOACH_IMGTOOL_DIGEST_H
#define STAGECOACH_IMGTOOL_DIGEST_H

#include "fat.h"

#include <nettle/sha2.h>

#define DIGEST_TEXT_SIZE 65u

/* Ends the context's digest and writes it in hexadecimal. */
void digest_end(struct sha256_ctx *context, char text[DIGEST_TEXT_SIZE]);

/* In hexadecimal. */
enum status digest_fat_file(struct fat_file *file, char text[DIGEST_TEXT_SIZE], struct error *error);

#endif
