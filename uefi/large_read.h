/* Large reads of files of the boot volume past the firmware's file system, which looks at a file's clusters one by one
 * and reads each piece of a fragmented file with several commands. Whoever gets false asks the file system. */
#ifndef STAGECOACH_UEFI_LARGE_READ_H
#define STAGECOACH_UEFI_LARGE_READ_H

#include "efi_abi.h"
#include "fat.h"

/* From this size on a read is worth the few commands that bring boot sector, directory and table. */
#define LARGE_READ_MIN (4u << 20)

/* Says where the files are. Only then any are found. */
void large_read_start(EFI_HANDLE device);

/* Finds the file of that path and size in the volume's own structures. False unless it is FAT on a disk that can be
 * read by bytes, and has such a file. */
bool large_read_open(const char *path, uint64_t size, struct fat_file *file);

/* Reads exactly [offset, offset + size), run by run straight to `to`. After false `to` holds anything; later reads go
 * to the file system, too. */
bool large_read(struct fat_file *file, uint64_t offset, uint64_t size, void *to);

#endif
