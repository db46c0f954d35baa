/* The only way to gnu-efi's headers. Firmware is called, and calls back, by the Microsoft ABI; gnu-efi says so only
 * when GNU_EFI_USE_MS_ABI is defined, and without it every direct call passes garbage in silence. */
#ifndef STAGECOACH_UEFI_EFI_ABI_H
#define STAGECOACH_UEFI_EFI_ABI_H

#ifndef GNU_EFI_USE_MS_ABI
#error "define GNU_EFI_USE_MS_ABI for every file that includes gnu-efi's headers"
#endif

#include <efi.h>

_Static_assert(__builtin_types_compatible_p(EFI_SET_WATCHDOG_TIMER,
                                            EFI_STATUS(__attribute__((ms_abi)) *)(UINTN, UINT64, UINTN, CHAR16 *)),
               "firmware must be called by the Microsoft ABI");
_Static_assert(sizeof(UINTN) == 8, "a 64-bit application");

/* What the 2.0-era headers lack. */
#define EFI_MEMORY_TYPE_PERSISTENT 14u /* EfiPersistentMemory, UEFI 2.10, 7.2.1 */
#define EFI_MEMORY_TYPE_UNACCEPTED 15u
#define EFI_MEMORY_ATTRIBUTE_NV 0x8000ull  /* EFI_MEMORY_NV */
#define EFI_MEMORY_ATTRIBUTE_SP 0x40000ull /* EFI_MEMORY_SP: RAM set aside for a special purpose */
#define EFI_MEMORY_ATTRIBUTE_RO 0x20000ull /* EFI_MEMORY_RO */

/* The vendor device path on which Linux asks for its initrd: include/linux/efi.h. */
#define LINUX_INITRD_MEDIA_GUID                                                                                        \
    {                                                                                                                  \
        0x5568e427, 0x68fc, 0x4f3d,                                                                                    \
        {                                                                                                              \
            0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68                                                             \
        }                                                                                                              \
    }
/* UEFI 2.10, 13.2 */
#define LOAD_FILE2_GUID                                                                                                \
    {                                                                                                                  \
        0x4006c0c1, 0xfcb3, 0x403e,                                                                                    \
        {                                                                                                              \
            0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d                                                             \
        }                                                                                                              \
    }

#endif
