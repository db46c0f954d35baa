/* SPDX-License-Identifier: MIT
 *
 * Names for addresses, and backtraces, from the symbols that the loader hands over to a kernel that asks for them:
 *
 *     BOOT_CONFIG(.kernel_symbols = BOOT_ANYWHERE);
 *
 * A backtrace follows RBP, so it needs code compiled with -fno-omit-frame-pointer. Nothing here allocates or writes.
 */
#ifndef STAGECOACH_SYMBOLS_H
#define STAGECOACH_SYMBOLS_H

#include <stagecoach/boot.h>

#include <stdbool.h>

#ifdef __cplusplus /* these functions are C, casts and all */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#endif

struct boot_symbol_place {
    const char *name; /* NUL-terminated; never NULL */
    uint64_t offset;  /* of the address behind the symbol's first byte */
};

/* Whether a function or an untyped label of this file, as assembly has them. */
static inline bool boot_symbol_is_code(const struct boot_symbol *symbol)
{
    uint8_t type = symbol->info & 0xf;
    return symbol->section != 0 && symbol->section < 0xff00 && (type == 2 || type == 0);
}

/* The function that holds `address`: of those that begin at or before it, the nearest. False if there are no symbols,
 * or none for it: then *place stays. */
static inline bool boot_symbol_find(const struct boot_info *info, uint64_t address, struct boot_symbol_place *place)
{
    const struct boot_symbol *best = NULL;
    uint64_t wanted = address - info->kernel_bias;
    if (address - info->kernel_address >= info->kernel_size)
        return false;
    for (uint64_t i = 0; i < info->symbol_count; i++) {
        const struct boot_symbol *symbol = &info->symbols[i];
        bool inside = symbol->value <= wanted && (symbol->size == 0 || wanted - symbol->value < symbol->size);
        bool named = symbol->name != 0 && symbol->name < info->symbol_names_size;
        if (inside && named && boot_symbol_is_code(symbol) && (best == NULL || symbol->value >= best->value))
            best = symbol;
    }
    if (best == NULL)
        return false;
    place->name = info->symbol_names + best->name;
    place->offset = wanted - best->value;
    return true;
}

/* The same for a return address, which lies behind the call: after the last instruction of a function that ends in one.
 */
static inline bool boot_symbol_find_caller(const struct boot_info *info, uint64_t address,
                                           struct boot_symbol_place *place)
{
    bool found = boot_symbol_find(info, address - 1, place);
    if (found)
        place->offset++;
    return found;
}

/* Writes the return addresses above the caller, nearest first, into `addresses`; returns their number. Stops where a
 * frame is not on the stack that the kernel was started with: a damaged one leads nowhere. */
static inline size_t boot_backtrace(const struct boot_info *info, uint64_t *addresses, size_t limit)
{
    const uint64_t *frame = (const uint64_t *)__builtin_frame_address(0);
    uint64_t lowest = info->stack_address, end = info->stack_address + info->stack_size;
    size_t count = 0;
    while (count < limit) {
        uint64_t at = (uint64_t)(uintptr_t)frame;
        if (at % 8 != 0 || at < lowest || at >= end || end - at < 16 || frame[1] == 0)
            break;
        addresses[count++] = frame[1];
        lowest = at + 16; /* callers lie above: no circle */
        frame = (const uint64_t *)(uintptr_t)frame[0];
    }
    return count;
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

#endif
