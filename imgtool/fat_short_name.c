/* Short names for nodes of a FAT volume, and long ones beside them where the short one does not say it all. */
#include "fat_tree.h"

#include "utf.h"

#include <stdio.h>
#include <string.h>

#define SHORT_BASE 8u
#define TAILS_MAX 999999u /* "~999999" leaves one letter */

static bool is_short_letter(char letter)
{
    return letter != '\0' && ((letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
                              strchr("$%'-_@~`!(){}^#&", letter) != NULL);
}

/* Makes a part of a short name: upper case, '_' for what is not allowed there, no spaces and dots. Returns its length;
 * *exact turns false if anything but the letters' case had to change. */
static uint32_t short_part(const char *from, const char *end, uint32_t limit, uint8_t *to, bool *exact)
{
    uint32_t length = 0;
    for (; from < end; from++) {
        char letter = *from >= 'a' && *from <= 'z' ? (char)(*from - 0x20) : *from;
        if (*from == ' ' || *from == '.' || ((uint8_t)*from & 0xc0) == 0x80) { /* 0x80: inside a UTF-8 sequence */
            *exact = false;
            continue;
        }
        if (length == limit || !is_short_letter(letter))
            *exact = false;
        if (length < limit)
            to[length++] = (uint8_t)(is_short_letter(letter) ? letter : '_');
    }
    return length;
}

/* Returns false if the short name can't stand for the long one and needs a tail. */
static bool make_short_name(const char *name, uint8_t to[FAT_SHORT_NAME_SIZE])
{
    bool exact = true;
    const char *end = name + strlen(name), *dot = strrchr(name, '.');
    if (dot == NULL || dot == name)
        dot = end;
    memset(to, ' ', FAT_SHORT_NAME_SIZE);
    uint32_t length = short_part(name, dot, SHORT_BASE, to, &exact);
    if (dot < end)
        short_part(dot + 1, end, FAT_SHORT_NAME_SIZE - SHORT_BASE, to + SHORT_BASE, &exact);
    if (length == 0) {
        to[0] = '_';
        exact = false;
    }
    return exact;
}

/* Puts "~1", "~2", ... behind the base until nobody else in the directory is called so. */
static enum exit_code add_tail(struct fat_node *node, fat_short_name_taken *taken, const void *context)
{
    uint8_t base[SHORT_BASE];
    memcpy(base, node->short_name, sizeof base);
    for (uint32_t number = 1; number <= TAILS_MAX; number++) {
        char tail[SHORT_BASE + 1];
        int size = snprintf(tail, sizeof tail, "~%u", number);
        uint32_t keep = SHORT_BASE - (uint32_t)size;
        while (keep > 1 && base[keep - 1] == ' ')
            keep--;
        memset(node->short_name, ' ', SHORT_BASE);
        memcpy(node->short_name, base, keep);
        memcpy(node->short_name + keep, tail, (size_t)size);
        if (!taken(context, node->short_name))
            return EXIT_OK;
    }
    return failure(EXIT_INPUT_REJECTED, "%s: no short name is left in its directory", node->name);
}

/* A short name in plain upper case needs no long one; anything else keeps its letters in long entries. */
enum exit_code fat_node_name(struct fat_node *node, fat_short_name_taken *taken, const void *context)
{
    char text[13];
    uint8_t entry[FAT_ENTRY_SIZE] = {0};
    bool exact = make_short_name(node->name, node->short_name);
    memcpy(entry, node->short_name, FAT_SHORT_NAME_SIZE);
    fat_short_name_text(entry, false, text);
    if (exact && strcmp(text, node->name) == 0 && !taken(context, node->short_name))
        return EXIT_OK;
    const char *from = node->name, *end = from + strlen(from);
    while (from < end) {
        uint32_t character;
        if (!utf8_take(&from, end, &character) || node->unit_count + 2 > FAT_NAME_MAX + 1u)
            return failure(EXIT_INPUT_REJECTED, "%s: not a name for a FAT volume", node->name);
        node->unit_count += utf16_put(character, node->units + node->unit_count);
    }
    if (exact && !taken(context, node->short_name))
        return EXIT_OK;
    return add_tail(node, taken, context);
}
