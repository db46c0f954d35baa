/* The boot server's files as the loader sees them: the paths of the configuration, below the directory that the boot
 * program itself came from. */
#ifndef STAGECOACH_NET_FILES_H
#define STAGECOACH_NET_FILES_H

#include "datagram.h"
#include "firmware.h"

#define NET_DIRECTORY_MAX 128u
#define NET_PATH_MAX ((unsigned)sizeof((struct firmware_file){0}.private_) - 1) /* where it is kept */

/* `address`: the server's, for messages; `port`: where it listens, 0: TFTP_PORT; `boot_file`: what the firmware loaded
 * from there, whose directory is ours, up to the last '/' or '\'; `link`: the way to the server. All are copied. */
enum status net_files_start(const char *address, uint16_t port, const char *boot_file, const struct datagram_link *link,
                            struct error *error);

/* As firmware_open() and firmware_read(). Files come in one piece: `file->whole` is set. */
enum status net_files_open(const char *path, struct firmware_file *file, struct error *error);
enum status net_files_read(struct firmware_file *file, uint64_t offset, uint64_t size, void *to, struct error *error);

#endif
