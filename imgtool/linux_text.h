/* What a Linux kernel's setup header asks for, in words. */
#ifndef STAGECOACH_IMGTOOL_LINUX_TEXT_H
#define STAGECOACH_IMGTOOL_LINUX_TEXT_H

#include "json.h"
#include "kernel_plan.h"

/* Nothing for kernels of another kind. */
void linux_print(const struct kernel_plan *plan);
void linux_add_json(struct json_object *kernel, const struct kernel_plan *plan);

#endif
