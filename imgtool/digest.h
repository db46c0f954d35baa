/* SHA-256 of files. */
#ifndef STAGECOACH_IMGTOOL_DIGEST_H
#define STAGECOACH_IMGTOOL_DIGEST_H

#include "fat.h"

#define DIGEST_TEXT_SIZE 65u

/* In hexadecimal. */
enum status digest_fat_file(struct fat_file *file, char text[DIGEST_TEXT_SIZE], struct error *error);

#endif
