/* The firmware's tables and the count of calls: what every file of uefi/ shares. */
#ifndef STAGECOACH_UEFI_SERVICES_H
#define STAGECOACH_UEFI_SERVICES_H

#include "efi_abi.h"
#include "error.h"
#include "firmware.h"

enum services_phase {
    SERVICES_RUNNING, /* all boot services may be called */
    SERVICES_LEAVING, /* ExitBootServices was tried: only GetMemoryMap and ExitBootServices again (UEFI 2.10, 7.4.6) */
    SERVICES_LEFT,    /* runtime services only */
};

struct services {
    EFI_HANDLE image;
    EFI_SYSTEM_TABLE *system;
    EFI_BOOT_SERVICES *boot;
    enum services_phase phase;
    struct firmware_stats stats;
};
extern struct services services;

/* Evaluates a call of firmware and counts it: status = efi_call(services.boot->Stall(1000)). */
#define efi_call(call) (services.stats.calls++, (call))

/* Before anything else. */
void services_start(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

/* Checks that calls reach the firmware as meant, and disarms the watchdog. */
enum status services_check(struct error *error);

/* "EFI_DEVICE_ERROR"; "an unknown EFI error" for codes without a name. */
const char *efi_status_name(EFI_STATUS status);

/* The protocol's interface on a handle, or NULL. */
void *services_protocol(EFI_HANDLE handle, const EFI_GUID *protocol);

/* Pool memory that lives until the kernel reclaims it; NULL when there is none. */
void *services_allocate(uint64_t size);
void services_free(void *memory);

#endif
