/* build-image --compress: the kernel, the ramdisk and the modules become compressed files where that makes them
 * shorter. */
#ifndef STAGECOACH_IMGTOOL_IMAGE_PACK_H
#define STAGECOACH_IMGTOOL_IMAGE_PACK_H

#include "config.h"
#include "image_content.h"
#include "pack.h"

/* `config` names the files; they are in `content`, with something in them. */
enum exit_code image_pack(struct image_content *content, const struct config *config,
                          const struct pack_options *options);

#endif
