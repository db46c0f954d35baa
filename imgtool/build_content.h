/* What build-image, build-direct and build-netboot have in common: the configuration and the files that go along. */
#ifndef STAGECOACH_IMGTOOL_BUILD_CONTENT_H
#define STAGECOACH_IMGTOOL_BUILD_CONTENT_H

#include "build_options.h"
#include "image_content.h"

enum exit_code build_content_config(const struct build_options *options, struct image_config *config);

/* Opens everything, in the order in which it will lie in the image: what a boot reads stands first, in the order in
 * which it does, and the UEFI loader right behind it. The firmware has read that one before, by pieces of 64 KiB (EDK2,
 * EnhancedFatDxe) that take in what lies beside it, as they do with the root directory in front: so the ends of what we
 * read come from its memory. uefi_loader: NULL data leaves it out. */
enum exit_code build_content_collect(const struct build_options *options, const struct image_config *config,
                                     struct span uefi_loader, struct image_content *content);

/* The kernel among what was collected. */
const struct host_file *build_content_kernel(const struct image_config *config, const struct image_content *content);

/* Refuses what the loader would refuse. */
enum exit_code build_content_check(const struct build_options *options, const struct image_config *made,
                                   const struct image_content *content);

/* Compresses kernel, ramdisk and modules, if the user wants that. Behind the checks, which want the files as the kernel
 * gets them, and before the layout, which wants their sizes. */
enum exit_code build_content_compress(const struct build_options *options, const struct image_config *config,
                                      struct image_content *content);

/* Lets what no boot reads of the kernel, its debug information, lie behind all other files. Behind the compression. */
void build_content_part_kernel(const struct image_config *config, struct image_content *content);

/* All files that are read, to tell them from the output. */
struct build_inputs {
    const struct host_file **list;
    size_t count;
    struct host_file *opened; /* those that are no content as they are: the configuration, ramdisks that were joined */
    size_t opened_count;
};

/* Call build_inputs_close() in any case. */
enum exit_code build_inputs_open(const struct build_options *options, const struct image_content *content,
                                 struct build_inputs *inputs);
void build_inputs_close(struct build_inputs *inputs);

/* Refuses an output that must not be overwritten. */
enum exit_code build_content_check_output(const struct build_options *options, const struct image_content *content);

#endif
