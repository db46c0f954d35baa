/* What a Multiboot header asks for, in words. */
#ifndef STAGECOACH_IMGTOOL_MULTIBOOT_TEXT_H
#define STAGECOACH_IMGTOOL_MULTIBOOT_TEXT_H

#include "json.h"
#include "kernel_plan.h"

struct multiboot_entry;

/* Nothing for kernels of another kind. */
void multiboot_print(const struct kernel_plan *kernel);
void multiboot_add_json(struct json_object *object, const struct kernel_plan *kernel);

/* How the loader would enter it. */
void multiboot_print_entry(const struct multiboot_entry *entry);

#endif
