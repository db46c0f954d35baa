/* Writes a finished document where the user wants it: into a file, a device, or a pipe such as a shell's >(jq .). */
#ifndef STAGECOACH_IMGTOOL_DELIVER_H
#define STAGECOACH_IMGTOOL_DELIVER_H

#include <stdbool.h>
#include <stddef.h>

/* Whoever reads a pipe may be slow; a signal that ends the program ends the waiting, whether it is blocked or not.
 * False: host_write_problem() says why. */
bool deliver(const char *path, const char *bytes, size_t size);

/* The same with all that stands in a file. */
bool deliver_file(const char *from, const char *path);

#endif
