/* The boot server's files as the loader sees them: the paths of the configuration, below the directory that the boot
 * program itself came from. One server, asked by whatever protocol the door has started. */
#ifndef STAGECOACH_NET_FILES_H
#define STAGECOACH_NET_FILES_H

#include "firmware.h"
#include "tftp.h"

#define NET_DIRECTORY_MAX 128u
#define NET_PATH_MAX ((unsigned)sizeof((struct firmware_file){0}.private_) - 1) /* where it is kept */

struct net_server {
    void *context;

    /* Both may be asked for any name; STATUS_FILE_NOT_FOUND, STATUS_FILE_REFUSED, STATUS_NO_ANSWER ... */
    enum status (*size)(void *context, const char *name, uint64_t *size, struct error *error);
    enum status (*read)(void *context, const char *name, uint64_t size, void *to, struct error *error);

    const char *address;   /* for messages */
    const char *boot_file; /* what the firmware loaded from there: its directory is ours */
};

/* The strings are copied. */
enum status net_files_start(const struct net_server *server, struct error *error);

/* As firmware_open() and firmware_read(). Files come in one piece: `file->whole` is set. */
enum status net_files_open(const char *path, struct firmware_file *file, struct error *error);
enum status net_files_read(struct firmware_file *file, uint64_t offset, uint64_t size, void *to, struct error *error);

/* A struct net_server for TFTP; its context is `tftp`. */
struct net_server net_files_tftp(struct tftp *tftp);

#endif
