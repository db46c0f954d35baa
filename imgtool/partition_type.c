#include "partition_type.h"

#include "gpt_guid.h"
#include "mbr.h"

#include <stdlib.h>
#include <string.h>

/* GUIDs: UEFI 2.10, table 5.7, and the Discoverable Partitions Specification. MBR types: 0 where none is in use. */
static const struct known_type {
    const char *name, *guid;
    uint8_t mbr;
} known_types[] = {
    {"esp", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", MBR_TYPE_EFI_SYSTEM},
    {"bios-boot", "21686148-6449-6e6f-744e-656564454649", 0},
    {"basic-data", "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", 0x0c},
    {"linux", "0fc63daf-8483-4772-8e79-3d69d8477de4", 0x83},
    {"linux-swap", "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", 0x82},
    {"linux-lvm", "e6d6d379-f507-44c2-a23c-238f2a3df928", 0x8e},
    {"linux-raid", "a19d880f-05fc-4d3b-a006-743f0f84911e", 0xfd},
    {"linux-home", "933ac7e1-2eb4-4f13-b844-0e14e2aef915", 0x83},
    {"linux-root-x86-64", "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", 0x83},
};
#define KNOWN_TYPES (sizeof known_types / sizeof known_types[0])
#define NAMES "esp, bios-boot, basic-data, linux, linux-swap, linux-lvm, linux-raid, linux-home, linux-root-x86-64"

static const struct known_type *find_name(const char *name)
{
    for (size_t i = 0; i < KNOWN_TYPES; i++)
        if (strcmp(known_types[i].name, name) == 0)
            return &known_types[i];
    return NULL;
}

/* 0x01 to 0xff. Not what would turn the table into another kind: protective entries, and extended partitions. */
static enum exit_code take_number(const char *word, struct partition_type *type)
{
    char *end;
    unsigned long value = strtoul(word + 2, &end, 16);
    if (word[2] == '\0' || *end != '\0' || strlen(word) > 4 || value == 0)
        return failure(EXIT_USAGE, "--partition: the type %s is not a number from 0x01 to 0xff", word);
    if (value == MBR_TYPE_PROTECTIVE || value == 0x05 || value == 0x0f || value == 0x85)
        return failure(EXIT_USAGE, "--partition: the type %s does not name a partition of its own", word);
    type->mbr = (uint8_t)value;
    return EXIT_OK;
}

static enum exit_code take_guid(const char *word, struct partition_type *type)
{
    static const uint8_t unused[16];
    if (!gpt_guid_parse(word, type->guid) || memcmp(type->guid, unused, sizeof unused) == 0)
        return failure(EXIT_USAGE, "--partition: the type %s is neither a GUID nor one of " NAMES, word);
    return EXIT_OK;
}

enum exit_code partition_type_take(const char *word, enum layout_table table, struct partition_type *type)
{
    const struct known_type *known = find_name(word);
    *type = (struct partition_type){0};
    if (known != NULL && table == LAYOUT_MBR && known->mbr == 0)
        return failure(EXIT_USAGE, "--partition: an MBR has no type %s; write a number, such as 0x83", word);
    if (known != NULL && gpt_guid_parse(known->guid, type->guid)) {
        type->mbr = known->mbr;
        return EXIT_OK;
    }
    bool number = strncmp(word, "0x", 2) == 0;
    if (table == LAYOUT_MBR && !number)
        return failure(EXIT_USAGE, "--partition: the type %s is neither a number, such as 0x83, nor one of " NAMES,
                       word);
    if (table != LAYOUT_MBR && number)
        return failure(EXIT_USAGE, "--partition: a GPT has no type %s; write a GUID, or use --table mbr", word);
    return number ? take_number(word, type) : take_guid(word, type);
}

const char *partition_type_name(const uint8_t guid[16])
{
    uint8_t known[16];
    for (size_t i = 0; i < KNOWN_TYPES; i++)
        if (gpt_guid_parse(known_types[i].guid, known) && memcmp(known, guid, sizeof known) == 0)
            return known_types[i].name;
    return NULL;
}

struct partition_type partition_type_data(uint32_t fat_bits)
{
    struct partition_type type = {.mbr = fat_bits == 12 ? 0x01 : fat_bits == 16 ? 0x0e : 0x0c};
    gpt_guid_parse(find_name("basic-data")->guid, type.guid);
    return type;
}
