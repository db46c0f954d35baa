/* Files that hold an image in another form: packed, or as a virtual machine's disk. Read as an image they are nonsense.
 */
#ifndef STAGECOACH_IMGTOOL_IMAGE_CONTAINER_H
#define STAGECOACH_IMGTOOL_IMAGE_CONTAINER_H

#include "failure.h"

/* EXIT_INPUT_REJECTED, with the command that unpacks it, if the open file is such a one. */
enum exit_code image_container_refuse(int fd, const char *path);

#endif
