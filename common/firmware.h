/* Everything that the shared code asks of the machine it was started on. Each door implements these operations:
 * bios/stage4 on BIOS calls, uefi/ on boot services, tests/fake_firmware.c on a host process. The choice is made at link
 * time; nothing in common/ knows which door it is.
 *
 * Failures come back as a status and a sentence (common/error.h). After firmware_leave() only firmware_screen_write(),
 * firmware_map(), firmware_stats(), firmware_stop() and firmware_reboot() may be called.
 */
#ifndef STAGECOACH_FIRMWARE_H
#define STAGECOACH_FIRMWARE_H

#include "error.h"
#include "memmap.h"
#include "span.h"

#include <stagecoach/boot.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- who we are -------------------------------------------------------------------------------------------------- */

struct firmware_identity {
    const char *stage;       /* third word of BOOT-ERR: "4", "uefi" */
    uint32_t firmware;       /* BOOT_FIRMWARE_* */
    uint32_t boot_source;    /* BOOT_SOURCE_* */
    uint64_t entry_tsc;      /* time-stamp counter at the first measured instruction */
    struct boot_disk disk;   /* where files come from; filled in by the time firmware_start() returned */
    bool starts_programs;    /* firmware_start_program() works */
};
const struct firmware_identity *firmware_identity(void);

/* First call: finds and mounts the volume that holds the files. */
enum status firmware_start(struct error *error);

struct firmware_stats {
    uint64_t calls;      /* of firmware: INT, boot services */
    uint64_t disk_reads; /* of those, reads of the boot medium */
    uint64_t bytes_read; /* from the boot medium */
};
struct firmware_stats firmware_stats(void);

/* --- output ------------------------------------------------------------------------------------------------------ */

/* Text to the firmware's own screen (INT 10h teletype, ConOut), for the time before the loader draws on a framebuffer:
 * used for fatal errors and, when the config asks for it, the log. "\n" ends lines. Nothing where there is no screen. */
void firmware_screen_write(const char *text, size_t size);

/* --- files ------------------------------------------------------------------------------------------------------- */

#define FIRMWARE_PATH_MAX 255

struct firmware_file {
    uint64_t size;          /* bytes */
    bool whole;             /* comes in one piece: is read from start to end only, and fetched anew each time */
    uint64_t private_[15];  /* the door's own state: a struct fat_file, an EFI_FILE_PROTOCOL pointer ... */
};

/* Opens a regular file: absolute path, '/' between names, names compared without case (a boot server may tell the cases
 * apart). STATUS_FILE_NOT_FOUND, STATUS_NOT_A_FILE, STATUS_PATH_BAD, or a medium's error. */
enum status firmware_open(const char *path, struct firmware_file *file, struct error *error);

/* Reads exactly [offset, offset + size) to `to`, in the largest transfers that the firmware can do. The range must lie
 * inside the file, and be all of it if the file is `whole`. All or STATUS_READ_ERROR and friends: a short read is an
 * error. */
enum status firmware_read(struct firmware_file *file, uint64_t offset, uint64_t size, void *to, struct error *error);

/* --- memory ------------------------------------------------------------------------------------------------------ */

/* The current map, normalised; MEMMAP_LOADER_IN_USE marks what the loader itself lives in. The storage belongs to the
 * door and holds until the next call of this function. */
enum status firmware_memory_map(struct memmap *map, struct error *error);

/* Makes [phys, phys + pages * 4096), USABLE in the current map, ours until the end. STATUS_BUSY if the firmware took it
 * meanwhile: read the map again. */
enum status firmware_claim(uint64_t phys, uint64_t pages, struct error *error);

/* A pointer to physical memory, readable and writable; it stays good until the jump. Claimed memory, the tables of
 * firmware_tables() and the framebuffer may be asked for, above 4 GiB too. Never NULL. */
void *firmware_map(uint64_t phys, uint64_t size);

/* Lets code run that lies in claimed memory below 4 GiB, whole pages; where the machine can tell the difference, it can be
 * written no more. Nothing where the loader's memory is executable anyway. */
enum status firmware_allow_execution(uint64_t phys, uint64_t size, struct error *error);

/* --- video ------------------------------------------------------------------------------------------------------- */

struct video_mode { /* one mode with a linear framebuffer, 24 or 32 bits per pixel */
    uint32_t width, height, pitch; /* pitch is what the list says: believe struct boot_framebuffer after the set */
    uint8_t bits_per_pixel;
    bool current;       /* the machine is in this mode already: setting it costs nothing */
    uint32_t id;        /* the door's: VBE or GOP mode number */
};

/* False where there is certainly no display that modes can be set of: nothing else of video is called then. True unless a
 * door says so. */
bool firmware_has_display(void);

/* The index-th usable mode; false after the last, and always where there is no such display. */
bool firmware_video_mode(unsigned index, struct video_mode *mode);

/* The display's EDID: fills up to `size` bytes with sound blocks, returns their number; 0 if unknown. */
size_t firmware_edid(uint8_t *edid, size_t size);

/* Sets a mode out of the list and describes its framebuffer (address field NULL, EDID fields zero). */
enum status firmware_video_set(const struct video_mode *mode, struct boot_framebuffer *framebuffer, struct error *error);

/* The display is in the PC's text mode, 80x25 characters at 0xb8000. False unless a door says so. */
bool firmware_text_screen(void);

/* --- tables ------------------------------------------------------------------------------------------------------ */

#define FIRMWARE_VBE_CONTROLLER 512u /* bytes of what VBE's functions 00h and 01h give */
#define FIRMWARE_VBE_MODE 256u

struct firmware_vbe { /* of the mode that was set; controller NULL: not by VBE */
    const void *controller, *mode_info;
    uint16_t mode;
};

struct firmware_tables { /* filled in as far as there is something: begin with zeroes */
    uint64_t rsdp_phys, smbios_phys, smbios32_phys; /* 0: none */
    uint64_t efi_system_table_phys, efi_image_handle;
    struct firmware_vbe vbe;
    const void *dhcp_ack; /* the packet that the machine got its address by, on a boot over the network with IPv4 */
    size_t dhcp_ack_size; /* bytes; 0: none */
};
void firmware_tables(struct firmware_tables *tables);

/* --- of a PC's BIOS alone ---------------------------------------------------------------------------------------- */

/* What kernels from before ACPI's time ask for; all zero by default, where there is no BIOS, and called for such kernels only. */
struct firmware_apm { /* of the connection for 32-bit code (APM 1.2, functions 00h and 03h) */
    uint16_t version; /* 0: none */
    uint16_t code_segment;
    uint32_t entry;
    uint16_t code16_segment, data_segment, flags;
    uint16_t code_size, code16_size, data_size;
};
_Static_assert(sizeof(struct firmware_apm) == 20, "Multiboot 0.6.96, 3.3, and Multiboot2 2.0, 3.6.9");

/* Connects; to be called when little else is to be asked of the firmware. */
void firmware_apm(struct firmware_apm *apm);

#define FIRMWARE_DRIVES_MAX 16u
struct firmware_rom {
    uint32_t configuration_phys; /* the table of INT 15h's function C0h; 0: none */
    uint32_t drive_count;        /* hard disks */
    struct firmware_drive {
        uint8_t number;
        bool by_block; /* EDD reads it */
        uint8_t heads, sectors;
        uint16_t cylinders;
    } drives[FIRMWARE_DRIVES_MAX];
};
void firmware_rom(struct firmware_rom *rom);

/* --- random numbers ---------------------------------------------------------------------------------------------- */

/* The firmware's own generator: fills up to `size` bytes, returns their number; 0 where there is none, or it fails. The one
 * operation with a default: a door whose firmware has no generator, as no BIOS has, leaves it to entropy.c. */
size_t firmware_random(uint8_t *bytes, size_t size);

/* --- load options ------------------------------------------------------------------------------------------------ */

/* What whoever started the loader wants in place of what the configuration says: lines that load_options_lines() made, which
 * stay until the jump; size 0: nothing. The default for doors that nobody gives options to is nothing. */
struct span firmware_load_options(void);

/* --- programs ---------------------------------------------------------------------------------------------------- */

struct firmware_program {
    const char *path;  /* where it came from */
    const void *image; /* the file */
    uint64_t size;
    const char *command_line; /* UTF-8, without NUL */
    uint32_t command_line_size;
    uint64_t ramdisk_size; /* bytes; 0: none */
    /* Reads all of the ramdisk, when the program asks for it. */
    enum status (*read_ramdisk)(void *context, void *to, struct error *error);
    void *context;
};

/* Has the firmware load and start a program of its own kind (UEFI: an application). Comes back when the program does, or
 * where the firmware refuses it: STATUS_PROGRAM_RETURNED, STATUS_PROGRAM_REFUSED. Only where identity says so. */
enum status firmware_start_program(const struct firmware_program *program, struct error *error);

/* --- the end ----------------------------------------------------------------------------------------------------- */

/* Room for the raw EFI memory map that firmware_leave() will fill, with growth allowed for; 0: not an EFI. */
size_t firmware_efi_map_room(void);

/* Upper bound of the number of raw regions that firmware_leave() will report. */
size_t firmware_memory_map_room(void);

/* Ends the firmware's rule: interrupts off, devices quiet. `map` (empty, storage set aside by the caller) receives the
 * raw final regions: not normalised, the loader's own memory as USABLE. `efi` holds the storage for the raw EFI map
 * (memory_map_phys, memory_map_size = its room) and is completed. No allocation, no file access. */
enum status firmware_leave(struct memmap *map, struct boot_efi *efi, struct error *error);

/* Stops for good with interrupts off; may first end the program where there is a caller to return to (never does after
 * leave). Says nothing: the caller has. */
_Noreturn void firmware_stop(void);

/* Restarts the machine, after waiting `seconds` (the screen shall be readable). */
_Noreturn void firmware_reboot(uint32_t seconds);

#endif
