/* Files of the boot volume, through the Simple File System protocol (UEFI 2.10, 13.4 and 13.5). */
#include "large_read.h"
#include "services.h"
#include "volume.h"

#include "checked.h"
#include "memory.h"
#include "net_files.h"
#include "path.h"
#include "utf.h"

/* Some firmware fails large reads, and leaves the handle unusable: after a failure we go on in pieces of this size. */
#define CAREFUL_READ_SIZE (1u << 20)
#define FILE_INFO_MAX 65536u

struct open_file { /* in pool memory; struct firmware_file holds its address */
    EFI_FILE_HANDLE handle;
    uint64_t position;
    bool direct; /* `blocks` is the file */
    struct fat_file blocks;
    char path[FIRMWARE_PATH_MAX + 1];
};

static struct open_file *open_file_of(const struct firmware_file *file)
{
    return (struct open_file *)(uintptr_t)file->private_[0];
}

/* Length of a path, looked at no further than one byte too many. */
static size_t path_length(const char *path)
{
    size_t length = 0;
    while (length <= FIRMWARE_PATH_MAX && path[length] != '\0')
        length++;
    return length;
}

/* "/boot/kernel.elf" -> "\boot\kernel.elf". `name` has room for FIRMWARE_PATH_MAX + 1 characters. */
static enum status efi_name(const char *path, CHAR16 *name, struct error *error)
{
    const size_t size = path_length(path);
    const char *const end = path + size;
    enum status status;
    if (size > FIRMWARE_PATH_MAX)
        status = error_set(error, STATUS_PATH_BAD, "a path has at most %u bytes", FIRMWARE_PATH_MAX);
    else
        status = path_check(path, size, error);
    for (const char *at = path; status == STATUS_OK && at < end;) {
        uint32_t character;
        if (!utf8_take(&at, end, &character) || character > UINT16_MAX)
            status = error_set(error, STATUS_PATH_BAD, "UEFI names have no characters above U+FFFF");
        else
            *name++ = character == '/' ? u'\\' : (CHAR16)character;
    }
    *name = 0;
    return status == STATUS_OK ? status : error_prefix(error, "%s", path);
}

static enum status open_handle(const char *path, EFI_FILE_HANDLE *handle, struct error *error)
{
    CHAR16 name[FIRMWARE_PATH_MAX + 1];
    enum status status = efi_name(path, name, error);
    if (status != STATUS_OK)
        return status;
    EFI_FILE_HANDLE root;
    status = volume_root(&root, error);
    if (status != STATUS_OK)
        return status;
    EFI_FILE_HANDLE file = NULL;
    const EFI_STATUS opened = efi_call(root->Open(root, &file, name, EFI_FILE_MODE_READ, 0));
    efi_call(root->Close(root));
    if (opened == EFI_NOT_FOUND)
        return error_set(error, STATUS_FILE_NOT_FOUND, "%s: no such file on the boot volume", path);
    if (EFI_ERROR(opened) || file == NULL)
        return error_set(error, STATUS_READ_ERROR, "%s: can't be opened: %s", path, efi_status_name(opened));
    *handle = file;
    return STATUS_OK;
}

/* Fills `info`, or a larger buffer out of the pool where the name is long. */
static EFI_STATUS file_info(EFI_FILE_HANDLE handle, EFI_FILE_INFO *info, UINTN room, uint64_t *size,
                            uint64_t *attributes)
{
    EFI_GUID guid = EFI_FILE_INFO_ID;
    EFI_FILE_INFO *buffer = info;
    UINTN wanted = room;
    EFI_STATUS status = efi_call(handle->GetInfo(handle, &guid, &wanted, buffer));
    if (status == EFI_BUFFER_TOO_SMALL && wanted > room && wanted <= FILE_INFO_MAX) {
        buffer = services_allocate(wanted);
        if (buffer == NULL)
            return EFI_OUT_OF_RESOURCES;
        status = efi_call(handle->GetInfo(handle, &guid, &wanted, buffer));
    }
    if (!EFI_ERROR(status)) {
        *size = buffer->FileSize;
        *attributes = buffer->Attribute;
    }
    if (buffer != info)
        services_free(buffer);
    return status;
}

static enum status check_file(const char *path, EFI_FILE_HANDLE handle, uint64_t *size, struct error *error)
{
    union {
        EFI_FILE_INFO info;
        uint8_t room[sizeof(EFI_FILE_INFO) + 2 * (FIRMWARE_PATH_MAX + 1)];
    } buffer;
    uint64_t attributes;
    const EFI_STATUS status = file_info(handle, &buffer.info, sizeof buffer, size, &attributes);
    if (EFI_ERROR(status))
        return error_set(error, STATUS_READ_ERROR, "%s: its size can't be read: %s", path, efi_status_name(status));
    if ((attributes & EFI_FILE_DIRECTORY) != 0)
        return error_set(error, STATUS_NOT_A_FILE, "%s: is a directory, not a file", path);
    return STATUS_OK;
}

enum status firmware_open(const char *path, struct firmware_file *file, struct error *error)
{
    EFI_FILE_HANDLE handle;
    if (volume_is_network())
        return net_files_open(path, file, error);
    enum status status = open_handle(path, &handle, error);
    if (status != STATUS_OK)
        return status;
    uint64_t size;
    status = check_file(path, handle, &size, error);
    struct open_file *open = status == STATUS_OK ? services_allocate(sizeof *open) : NULL;
    if (open == NULL) {
        efi_call(handle->Close(handle));
        return status != STATUS_OK ? status : error_set(error, STATUS_OUT_OF_MEMORY, "%s: no memory to open it", path);
    }
    *open = (struct open_file){.handle = handle};
    memcpy(open->path, path, path_length(path) + 1);
    *file = (struct firmware_file){.size = size, .private_ = {(uintptr_t)open}};
    return STATUS_OK;
}

/* One Read of the firmware at a position; *done is what arrived. */
static EFI_STATUS read_once(struct open_file *open, uint64_t offset, uint64_t size, void *to, uint64_t *done)
{
    *done = 0;
    if (open->handle == NULL)
        return EFI_DEVICE_ERROR;
    if (open->position != offset) {
        const EFI_STATUS moved = efi_call(open->handle->SetPosition(open->handle, offset));
        if (EFI_ERROR(moved))
            return moved;
        open->position = offset;
    }
    UINTN count = size;
    const EFI_STATUS status = efi_call(open->handle->Read(open->handle, &count, to));
    services.stats.disk_reads++;
    if (EFI_ERROR(status))
        return status;
    if (count > size)
        return EFI_BAD_BUFFER_SIZE;
    open->position += count;
    services.stats.bytes_read += count;
    *done = count;
    return EFI_SUCCESS;
}

static enum status reopen(struct open_file *open, struct error *error)
{
    if (open->handle != NULL)
        efi_call(open->handle->Close(open->handle));
    open->handle = NULL;
    open->position = 0;
    return open_handle(open->path, &open->handle, error);
}

/* From a file's first large read on, all of its reads pass the file system, if the volume lets them. */
static bool read_directly(struct open_file *open, uint64_t file_size, uint64_t offset, uint64_t size, void *to)
{
    if (size >= LARGE_READ_MIN && !open->direct)
        open->direct = large_read_open(open->path, file_size, &open->blocks);
    return open->direct && large_read(&open->blocks, offset, size, to);
}

/* The rest of a read that the firmware did not do in one go. */
static enum status read_carefully(struct open_file *open, uint64_t offset, uint64_t size, uint8_t *to,
                                  struct error *error)
{
    while (size > 0) {
        const uint64_t piece = size < CAREFUL_READ_SIZE ? size : CAREFUL_READ_SIZE;
        uint64_t done;
        const EFI_STATUS status = read_once(open, offset, piece, to, &done);
        if (EFI_ERROR(status))
            return error_set(error, STATUS_READ_ERROR, "%s: reading %llu bytes at offset %llu: %s", open->path,
                             (unsigned long long)piece, (unsigned long long)offset, efi_status_name(status));
        if (done == 0)
            return error_set(error, STATUS_FILE_SHORT, "%s: ends at offset %llu, %llu bytes before its size says",
                             open->path, (unsigned long long)offset, (unsigned long long)size);
        offset += done;
        to += done;
        size -= done;
    }
    return STATUS_OK;
}

enum status firmware_read(struct firmware_file *file, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    if (volume_is_network())
        return net_files_read(file, offset, size, to, error);
    struct open_file *open = open_file_of(file);
    if (!range_ok(offset, size, file->size))
        return error_set(error, STATUS_INTERNAL, "%s: read of %llu bytes at %llu lies outside its %llu bytes",
                         open->path, (unsigned long long)size, (unsigned long long)offset,
                         (unsigned long long)file->size);
    if (size == 0 || read_directly(open, file->size, offset, size, to))
        return STATUS_OK;
    uint64_t done;
    if (EFI_ERROR(read_once(open, offset, size, to, &done))) {
        const enum status status = reopen(open, error);
        if (status != STATUS_OK)
            return status;
    }
    return read_carefully(open, offset + done, size - done, (uint8_t *)to + done, error);
}
