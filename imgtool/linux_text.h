/* What a Linux kernel's setup header asks for, in words. */
#ifndef STAGECOACH_IMGTOOL_LINUX_TEXT_H
#define STAGECOACH_IMGTOOL_LINUX_TEXT_H

#include "json.h"
#include "kernel_plan.h"

#define LINUX_VERSION_SIZE 256u

/* Nothing for kernels of another kind. */
void linux_print(const struct kernel_plan *plan);
void linux_add_json(struct json_object *kernel, const struct kernel_plan *plan);

/* The version that the file names, for people, such as "6.1.0-13-amd64 (debian-kernel@lists.debian.org) #1 SMP"; empty
 * if it names none, or is of another kind. */
void linux_version_read(const struct file_source *source, const struct kernel_plan *plan,
                        char version[LINUX_VERSION_SIZE]);

#endif
