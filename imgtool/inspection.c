#include "inspection.h"

#include "../bios/image_format.h"
#include "fat_table.h"
#include "fat_walk.h"
#include "progress.h"
#include "volume_file.h"

#include <ctype.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>

#define UEFI_LOADER_PATH "/EFI/BOOT/BOOTX64.EFI"
/* Stands before the version in every loader: it is the name that kernels are told. */
#define VERSION_MARK "Stagecoach "
#define FORMAT_WITH_OVERLAY 3u /* before it, the packed size stood where the first reserved field is now */
#define STAGE4_MAX (1 << 20)   /* more than fits into the memory below 1 MiB */

static void find_version(const uint8_t *bytes, uint64_t size, char version[INSPECTION_VERSION_SIZE])
{
    const uint8_t *at = bytes, *end = bytes + size;
    size_t mark = strlen(VERSION_MARK), length = 0;
    while (at != NULL && (at = memmem(at, (size_t)(end - at), VERSION_MARK, mark)) != NULL) {
        at += mark;
        if (at < end && isdigit(*at))
            break;
    }
    if (at == NULL)
        return;
    for (;
         at < end && length + 1 < INSPECTION_VERSION_SIZE && (isalnum(*at) || strchr(".-+~", *at) != NULL) && *at != 0;
         at++)
        version[length++] = (char)*at;
    version[length] = '\0';
}

/* Stage 4, which has the version in it, is an LZ4 block behind the stages that run as they are stored. */
static void find_packed_version(const uint8_t *bytes, uint64_t size, char version[INSPECTION_VERSION_SIZE])
{
    struct bios_stages_header header;
    memcpy(&header, bytes, sizeof header);
    uint32_t packed_size = header.format < FORMAT_WITH_OVERLAY ? header.reserved[0] : header.packed_size;
    if (size < BIOS_STAGES_PLAIN || packed_size > size - BIOS_STAGES_PLAIN)
        return;
    char *stage4 = malloc(STAGE4_MAX);
    const char *packed = (const char *)bytes + BIOS_STAGES_PLAIN;
    int done = stage4 == NULL ? -1 : LZ4_decompress_safe(packed, stage4, (int)packed_size, STAGE4_MAX);
    if (done > 0)
        find_version((const uint8_t *)stage4, (uint64_t)done, version);
    free(stage4);
}

static void find_bios_version(struct inspection *inspection)
{
    struct error error;
    struct block *block = &inspection->tables.files.image.block;
    const struct boot_code *code = &inspection->tables.boot_code;
    if (code->kind != BOOT_CODE_STAGES)
        return;
    uint64_t size = (uint64_t)code->patch.stages_sectors * BIOS_SECTOR_SIZE;
    uint8_t *bytes = malloc(size);
    if (bytes != NULL && block_read(block, code->patch.stages_lba * BIOS_SECTOR_SIZE, size, bytes, &error) == STATUS_OK)
        find_packed_version(bytes, size, inspection->bios_version);
    free(bytes);
}

static void find_uefi_version(struct inspection *inspection, struct fat *fat)
{
    struct fat_file file;
    struct error error;
    if (fat_open(fat, UEFI_LOADER_PATH, &file, &error) != STATUS_OK || file.size > BIOS_STAGES_SIZE_MAX * 64)
        return;
    uint8_t *bytes = malloc(file.size + 1u);
    if (bytes != NULL && fat_read(&file, 0, file.size, bytes, &error) == STATUS_OK)
        find_version(bytes, file.size, inspection->uefi_version);
    free(bytes);
}

static enum status add_file(void *context, const char *path, const struct fat_entry *entry, struct error *error)
{
    struct inspection *inspection = context;
    struct inspected_file file = {.path = strdup(path), .size = entry->file.size};
    struct inspected_file *list = reallocarray(inspection->list, inspection->file_count + 1, sizeof *list);
    (void)error;
    if (list == NULL || file.path == NULL)
        exit(failure_memory());
    inspection->list = list;
    file.directory = (entry->file.attributes & FAT_ATTRIBUTE_DIRECTORY) != 0;
    file.opened = entry->file;
    list[inspection->file_count++] = file;
    return STATUS_OK;
}

static void digest_file(struct inspection *inspection, struct inspected_file *file)
{
    struct error error;
    if (file->directory || digest_fat_file(&file->opened, file->sha256, &error) == STATUS_OK)
        return;
    inspection->tree_error = error;
    error_prefix(&inspection->tree_error, "%s", file->path);
    file->sha256[0] = '\0';
}

static void digest_files(struct inspection *inspection)
{
    uint64_t total = 0;
    for (size_t i = 0; i < inspection->file_count; i++)
        total += inspection->list[i].directory ? 0 : inspection->list[i].size;
    progress_begin("reading files", total);
    for (size_t i = 0; i < inspection->file_count; i++)
        digest_file(inspection, &inspection->list[i]);
    progress_end();
}

static void list_files(struct inspection *inspection, struct fat *fat)
{
    struct fat_file root;
    struct error error;
    enum status status = fat_open(fat, "/", &root, &error);
    if (status == STATUS_OK)
        status = fat_walk(&root, "/", add_file, inspection, &error);
    digest_files(inspection);
    if (status != STATUS_OK)
        inspection->tree_error = error;
}

static void ignore_warning(void *context, const char *text)
{
    (void)context;
    (void)text;
}

static void read_boot_files(struct inspection *inspection, struct fat *fat)
{
    struct volume_file file;
    struct error *error = &inspection->kernel_error;
    if (boot_config_read(fat, &inspection->config, ignore_warning, NULL, &inspection->config_error) != STATUS_OK) {
        error_set(error, inspection->config_error.status, "unknown, because the configuration is not valid");
        return;
    }
    const struct config *config = &inspection->config.config;
    if (volume_file_open(fat, config, config->kernel, &file, error) == STATUS_OK) {
        file.source.name = "the kernel";
        inspection->kernel_size = file.source.size;
        if (kernel_plan_read(&file.source, &inspection->kernel, error) == STATUS_OK)
            linux_version_read(&file.source, &inspection->kernel, inspection->linux_version);
    }
    volume_file_close(&file);
}

void inspection_make(struct inspection *inspection, const struct disk_image *image)
{
    struct verify *tables = &inspection->tables, *volume = &inspection->volume;
    struct error error;
    memset(inspection, 0, sizeof *inspection);
    tables->files.image = *image;
    verify_tables(tables);
    verify_bios_loader(tables);
    find_bios_version(inspection);
    volume->files = tables->files;
    volume->has_table = tables->has_table;
    if (tables->has_table)
        verify_volume(volume);
    volume->without_bios = tables->without_bios;
    volume->is_this_version = tables->is_this_version;
    volume->boot_code = tables->boot_code;
    verify_iso(volume);
    if (volume->is_cd && iso_catalog_read(&volume->files.image.block, &inspection->cd, &error) != STATUS_OK)
        inspection->cd_error = error;
    if (!volume->is_mounted) {
        error_set(&inspection->kernel_error, STATUS_FAT_BAD, "unknown, because the boot volume can't be read");
        return;
    }
    volume->files.fat.block = &volume->files.image.block;
    verify_uefi_loader(volume);
    find_uefi_version(inspection, &volume->files.fat);
    if (fat_table_count_free(&volume->files.fat, &inspection->free_clusters, &error) != STATUS_OK)
        inspection->tree_error = error;
    list_files(inspection, &volume->files.fat);
    read_boot_files(inspection, &volume->files.fat);
}

void inspection_free(struct inspection *inspection)
{
    for (size_t i = 0; i < inspection->file_count; i++)
        free(inspection->list[i].path);
    free(inspection->list);
    boot_config_free(&inspection->config);
    findings_free(&inspection->tables.findings);
    findings_free(&inspection->volume.findings);
}

static bool is_bios_structure(const char *name)
{
    return strcmp(name, "MBR") == 0 || strcmp(name, "stage 1") == 0 || strcmp(name, "stages") == 0;
}

const char *inspection_bios_problem(const struct inspection *inspection)
{
    const struct findings *findings = &inspection->tables.findings;
    bool foreign = inspection->tables.boot_code.kind == BOOT_CODE_FOREIGN;
    if (inspection->tables.without_bios != NULL)
        return inspection->tables.without_bios;
    for (size_t i = 0; i < findings->count; i++) {
        const char *structure = findings->list[i].structure;
        if (foreign ? strcmp(structure, "stage 1") == 0 : is_bios_structure(structure))
            return findings->list[i].sentence;
    }
    return inspection->volume.is_mounted ? NULL : "the boot volume can't be read";
}

/* Whatever is wrong with it: a firmware that does not find the entry it looks for starts nothing. */
const char *inspection_cd_problem(const struct inspection *inspection)
{
    const struct findings *findings = &inspection->volume.findings;
    if (inspection->cd_error.status != STATUS_OK)
        return inspection->cd_error.text;
    for (size_t i = 0; i < findings->count; i++)
        if (verify_is_of_iso(&findings->list[i]))
            return findings->list[i].sentence;
    return NULL;
}

const char *inspection_uefi_problem(const struct inspection *inspection)
{
    const struct findings *findings = &inspection->volume.findings;
    if (!inspection->volume.is_mounted)
        return "the boot volume can't be read";
    if (inspection->volume.without_uefi != NULL)
        return inspection->volume.without_uefi;
    for (size_t i = 0; i < findings->count; i++)
        if (strcmp(findings->list[i].structure, UEFI_LOADER_PATH) == 0 ||
            strcmp(findings->list[i].structure, "partition table") == 0)
            return findings->list[i].sentence;
    return NULL;
}
