/* A machine inside a host process: implements common/firmware.h, cpu.h, serial.h and handoff.h, so that the whole flow
 * of common/boot.c runs in tests, up to the jump.
 *
 * Physical memory is one sparse mapping, address = offset, shared with the children that boots run in: every boot
 * starts with a fresh loader, as on a fresh machine, and leaves its memory and the fake's record behind for inspection.
 * The fake is strict: using what was not claimed, claiming what is not free, calling services after leave and the like
 * end the boot as FAKE_VIOLATION with a sentence. */
#ifndef STAGECOACH_TESTS_FAKE_FIRMWARE_H
#define STAGECOACH_TESTS_FAKE_FIRMWARE_H

#include "firmware.h"
#include "handoff.h"
#include "protocol/linux_boot.h"
#include "protocol/multiboot_boot.h"

#define FAKE_PHYSICAL_SIZE (64ull << 30) /* of the sparse mapping */
#define FAKE_REGIONS_MAX 5000u
#define FAKE_FILES_MAX 80u
#define FAKE_MODES_MAX 16u
#define FAKE_CLAIMS_MAX 1024u
#define FAKE_OPERATIONS_MAX 1024u
#define FAKE_OUTPUT_SIZE 65536u
#define FAKE_FRAMEBUFFER_PHYS 0xe0000000ull
#define FAKE_FRAMEBUFFER_SIZE (64ull << 20)
#define FAKE_DIRT 0xa5u /* what claimed memory holds before the loader writes to it */

enum fake_end {
    FAKE_JUMPED,
    FAKE_JUMPED_TO_LINUX,
    FAKE_JUMPED_TO_MULTIBOOT,
    FAKE_STARTED_PROGRAM,
    FAKE_STOPPED,   /* firmware_stop() */
    FAKE_REBOOTED,  /* firmware_reboot() */
    FAKE_RETURNED,  /* the program came back */
    FAKE_VIOLATION, /* the loader broke the contract of firmware.h: see `violation` */
    FAKE_CRASHED,   /* a signal, a sanitizer's complaint, or no end in sight */
};

/* The operations that can fail: what fail_at counts. */
enum fake_operation { FAKE_START, FAKE_OPEN, FAKE_READ, FAKE_MEMORY_MAP, FAKE_CLAIM, FAKE_VIDEO_SET, FAKE_LEAVE };

struct fake_output {
    char text[FAKE_OUTPUT_SIZE]; /* NUL-terminated; what does not fit is dropped */
    size_t size;
};

struct fake_file {
    char path[FIRMWARE_PATH_MAX + 1];
    const void *data; /* the test's, unchanged until the boot ends */
    uint64_t size;
    uint32_t reads;
};

struct fake_claim {
    uint64_t phys, pages;
};

struct fake_machine {
    /* --- what the machine is: set by the test between fake_reset() and fake_run() --- */
    struct firmware_identity identity;
    struct boot_memory_region regions[FAKE_REGIONS_MAX]; /* raw, as firmware says it: any order, any overlap */
    size_t region_count;
    struct boot_memory_region late_regions[8]; /* further ones that only firmware_leave() reports */
    size_t late_region_count;
    uint64_t loader_phys, loader_size; /* where the running loader lives: reported as MEMMAP_LOADER_IN_USE */
    struct fake_file files[FAKE_FILES_MAX];
    size_t file_count;
    bool whole_files; /* as from a network: each in one piece, and each read is counted */
    struct video_mode modes[FAKE_MODES_MAX];
    size_t mode_count;
    struct boot_framebuffer pixel_layout; /* bits_per_pixel and the shifts and sizes of the colours */
    uint8_t edid[256];
    size_t edid_size;
    struct firmware_tables tables;
    struct firmware_apm apm;
    struct firmware_rom rom;
    size_t efi_map_room; /* 0: not an EFI */
    struct paging_features features;
    uint64_t tsc_hz;
    bool no_serial;
    bool text_screen;
    bool no_random;       /* neither RDSEED nor RDRAND nor a firmware's generator */
    uint64_t random_next; /* what they give is a function of this */
    const void *load_options; /* as a firmware gives them */
    size_t load_options_size;
    void (*output_hook)(const struct fake_output *output); /* called before something is written there */
    bool map_anything; /* firmware_map() takes any physical address: for tests of single modules */

    /* --- which operation fails: the fail_at-th of all (from 1; 0: none), and as many after it as fail_more says --- */
    uint64_t fail_at, fail_more;
    bool fail_claims;              /* whatever fail_at says, no memory is to be had */
    enum status fail_claim_status; /* STATUS_FIRMWARE_CALL, or STATUS_BUSY: then the page is taken in the map, too */

    /* --- what happened --- */
    enum fake_end end;
    char violation[200];
    enum status status; /* FAKE_RETURNED: what the program returned */
    struct error error;
    uint32_t reboot_seconds;
    struct handoff handoff; /* FAKE_JUMPED, or as handoff_prepare() got it */
    bool prepared, left;
    struct linux_entry linux_entry;       /* FAKE_JUMPED_TO_LINUX */
    struct multiboot_entry multiboot_entry;
    struct fake_output program_arguments; /* FAKE_STARTED_PROGRAM: its command line ... */
    uint64_t program_ramdisk_sum;         /* ... and the sum of its ramdisk's bytes */
    struct fake_output serial, debugcon, screen;
    struct firmware_stats stats;
    uint64_t operation_count;
    enum fake_operation operations[FAKE_OPERATIONS_MAX];
    struct fake_claim claims[FAKE_CLAIMS_MAX];
    size_t claim_count;
    struct video_mode mode_set;
    uint64_t tsc;
};

extern struct fake_machine *fake; /* set by fake_reset() */

/* A machine with 128 MiB, one 1024x768 display, COM1, no files; physical memory reads as zero. To be called first in
 * every test. */
void fake_reset(void);

/* The test's own view of physical memory, whatever is claimed. */
void *fake_memory(uint64_t phys, uint64_t size);

void fake_add_memory(uint64_t phys, uint64_t size, uint32_t type);
void fake_add_file(const char *path, const void *data, uint64_t size);
void fake_add_text_file(const char *path, const char *text);
void fake_add_mode(uint32_t width, uint32_t height, uint8_t bits_per_pixel);

/* Runs the program in a child process until it ends in one of the ways of enum fake_end; returns that. */
enum fake_end fake_run(enum status (*program)(struct error *error));

#endif
