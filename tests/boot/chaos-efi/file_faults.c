/* Faults of the file system, and of the disk below it. */
#include "chaos.h"

#include "memory.h"

#define LARGE_READ (1u << 20)
#define SHORT_READ 4096u
#define SLOW_OPEN_US 3000000u
#define FILES_MAX 64u

static const EFI_GUID file_system_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
static const EFI_GUID disk_io_guid = EFI_DISK_IO_PROTOCOL_GUID;

struct chaos_file {
    EFI_FILE_PROTOCOL seen; /* what the loader gets: first, so that This is the whole */
    EFI_FILE_HANDLE real;
    bool poisoned;
};

static struct chaos_file files[FILES_MAX];
static unsigned file_count;
static EFI_FILE_IO_INTERFACE volume, *real_volume;
static EFI_DISK_IO_PROTOCOL disk, *real_disk;

static EFI_FILE_HANDLE wrap(EFI_FILE_HANDLE real);

static struct chaos_file *file_of(EFI_FILE_HANDLE handle)
{
    return (struct chaos_file *)(void *)handle;
}

static EFI_STATUS EFIAPI file_open(EFI_FILE_HANDLE this, EFI_FILE_HANDLE *opened, CHAR16 *name, UINT64 mode,
                                   UINT64 attributes)
{
    EFI_FILE_HANDLE real;
    if (chaos_wants("watchdog"))
        chaos.real.Stall(SLOW_OPEN_US);
    const EFI_STATUS status = file_of(this)->real->Open(file_of(this)->real, &real, name, mode, attributes);
    if (!EFI_ERROR(status))
        *opened = wrap(real);
    return status;
}

static EFI_STATUS EFIAPI file_close(EFI_FILE_HANDLE this)
{
    return file_of(this)->real->Close(file_of(this)->real);
}

static EFI_STATUS EFIAPI file_read(EFI_FILE_HANDLE this, UINTN *size, VOID *to)
{
    struct chaos_file *file = file_of(this);
    if (chaos_wants("read-fails"))
        return EFI_DEVICE_ERROR;
    if (chaos_wants("read-large") && *size > LARGE_READ)
        file->poisoned = true;
    if (file->poisoned)
        return EFI_DEVICE_ERROR;
    if (chaos_wants("read-short") && *size > SHORT_READ)
        *size = SHORT_READ;
    if (chaos_wants("read-ends"))
        *size = 0;
    return file->real->Read(file->real, size, to);
}

static EFI_STATUS EFIAPI file_set_position(EFI_FILE_HANDLE this, UINT64 position)
{
    struct chaos_file *file = file_of(this);
    return file->poisoned ? EFI_DEVICE_ERROR : file->real->SetPosition(file->real, position);
}

static EFI_STATUS EFIAPI file_get_info(EFI_FILE_HANDLE this, EFI_GUID *type, UINTN *size, VOID *to)
{
    struct chaos_file *file = file_of(this);
    return file->poisoned ? EFI_DEVICE_ERROR : file->real->GetInfo(file->real, type, size, to);
}

/* What the loader has no business to call stays NULL. */
static EFI_FILE_HANDLE wrap(EFI_FILE_HANDLE real)
{
    if (file_count == FILES_MAX) {
        chaos_say("VIOLATION too many files were opened");
        return real;
    }
    struct chaos_file *file = &files[file_count++];
    *file = (struct chaos_file){
        .seen = {.Revision = real->Revision,
                 .Open = file_open,
                 .Close = file_close,
                 .Read = file_read,
                 .SetPosition = file_set_position,
                 .GetInfo = file_get_info},
        .real = real,
    };
    return &file->seen;
}

static EFI_STATUS EFIAPI open_volume(EFI_FILE_IO_INTERFACE *this, EFI_FILE_HANDLE *root)
{
    EFI_FILE_HANDLE real;
    (void)this;
    const EFI_STATUS status = real_volume->OpenVolume(real_volume, &real);
    if (!EFI_ERROR(status))
        *root = wrap(real);
    return status;
}

static EFI_STATUS EFIAPI read_disk(EFI_DISK_IO_PROTOCOL *this, UINT32 media, UINT64 offset, UINTN size, VOID *to)
{
    (void)this;
    if (size <= LARGE_READ)
        return real_disk->ReadDisk(real_disk, media, offset, size, to);
    chaos_say("a large read of the disk fails");
    memset(to, 0xcc, size);
    return EFI_DEVICE_ERROR;
}

static EFI_STATUS EFIAPI handle_protocol(EFI_HANDLE handle, EFI_GUID *protocol, VOID **interface)
{
    const EFI_STATUS status = chaos.real.HandleProtocol(handle, protocol, interface);
    if (EFI_ERROR(status) || handle != chaos.device)
        return status;
    if (chaos_same_guid(protocol, &file_system_guid)) {
        real_volume = *interface;
        volume = (EFI_FILE_IO_INTERFACE){real_volume->Revision, open_volume};
        *interface = &volume;
    }
    if (chaos_same_guid(protocol, &disk_io_guid) && chaos_wants("disk-fails")) {
        real_disk = *interface;
        disk = (EFI_DISK_IO_PROTOCOL){.Revision = real_disk->Revision, .ReadDisk = read_disk};
        *interface = &disk;
    }
    return EFI_SUCCESS;
}

void chaos_patch_files(void)
{
    chaos.boot->HandleProtocol = handle_protocol;
}
