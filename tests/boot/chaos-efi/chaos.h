/* chaos.efi: firmware with the faults of real machines. Patches boot services as \chaos.txt asks, then starts the
 * loader, \EFI\BOOT\LOADER.EFI, as firmware would. */
#ifndef STAGECOACH_TESTS_CHAOS_H
#define STAGECOACH_TESTS_CHAOS_H

#include "efi_abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chaos {
    EFI_HANDLE image;  /* chaos.efi */
    EFI_HANDLE device; /* where it was started from */
    EFI_SYSTEM_TABLE *system;
    EFI_BOOT_SERVICES *boot; /* the firmware's table, which gets patched */
    EFI_BOOT_SERVICES real;  /* what was in it */
    char wishes[512];        /* \chaos.txt: names of faults, divided by blanks */
};
extern struct chaos chaos;

/* True if the fault is asked for. */
bool chaos_wants(const char *name);

/* A line on serial and debug port. What begins with "VIOLATION" makes the test fail. */
void chaos_say(const char *text);

bool chaos_same_guid(const EFI_GUID *one, const EFI_GUID *other);

/* Patch what is wanted. The loader's image is passed where it is the victim. */
void chaos_patch_memory(void);
void chaos_patch_files(void);
void chaos_patch_displays(void);
void chaos_patch_tables(void);
void chaos_patch_image(EFI_LOADED_IMAGE_PROTOCOL *loader);

/* Around the load of the loader: "high" makes the firmware put it above 4 GiB. */
void chaos_hide_low_memory(void);
void chaos_show_low_memory(void);

#endif
