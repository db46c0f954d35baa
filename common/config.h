/* /stagecoach.conf: one "key value" a line, '#' begins a comment line, UTF-8 (BOM allowed), LF or CR LF. Unknown keys
 * are warned of with the nearest known one; the first error ends the reading. The keys, their values and defaults are
 * documented in docs/configuration.md. */
#ifndef STAGECOACH_CONFIG_H
#define STAGECOACH_CONFIG_H

#include "error.h"
#include "log.h"
#include "span.h"

#include <stdbool.h>
#include <stdint.h>

#define CONFIG_PATH "/stagecoach.conf"
#define CONFIG_SIZE_MAX (64u * 1024u)
#define CONFIG_PATH_MAX 255
#define CONFIG_COMMAND_LINE_MAX 4095
#define CONFIG_MODULES_MAX 64

struct config_text { /* a string inside the configuration's own bytes; not NUL-terminated */
    const char *text;
    uint32_t size;
};

struct config_module {
    struct config_text path, name, arguments;
};

enum config_aslr { CONFIG_ASLR_AS_WISHED, CONFIG_ASLR_ON, CONFIG_ASLR_OFF };

#define CONFIG_KASLR_SEED_SIZE 32u

struct config {
    struct config_text file;            /* key config, of load options alone: the file to read; size 0: CONFIG_PATH */
    struct config_text kernel;          /* key kernel; default /kernel.elf */
    bool kernel_named;                  /* by key kernel or efi-stub */
    bool efi_stub;                      /* key efi-stub PATH: the kernel is a program that UEFI starts */
    struct config_text ramdisk;         /* key ramdisk; size 0: none */
    struct config_text command_line;    /* key cmdline: the rest of the line */
    struct log_settings log;            /* keys log-level, log-serial, log-screen; info, on, on */
    uint32_t video_width, video_height; /* key video WIDTHxHEIGHT; 0: no wish */
    bool video_off;                     /* video off: leave the display alone, no framebuffer */
    bool compressed;      /* key compressed on|off: kernel, ramdisk and modules may be files as packed.h describes */
    bool reboot_on_error; /* key reboot-on-error SECONDS|off; default off */
    uint32_t reboot_seconds;
    enum config_aslr aslr; /* key aslr on|off; default: as the kernel wishes */
    bool has_kaslr_seed;   /* key kaslr-seed HEX: a number of up to 64 digits, most significant byte first */
    uint8_t kaslr_seed[CONFIG_KASLR_SEED_SIZE];
    uint64_t test_sentinel; /* key test-sentinel NUMBER: handed to bootloader_api kernels; default 0 */
    struct config_module modules[CONFIG_MODULES_MAX]; /* key module PATH NAME ARGS, repeatable */
    uint32_t module_count;
};

/* Warnings go here, one call each: "/stagecoach.conf:3:1: unknown key 'kernal' is ignored (nearest: 'kernel')". */
typedef void config_warning(void *context, const char *text);

void config_defaults(struct config *config);

/* Parses `text`, which must outlive `config`. Starts from the defaults. */
enum status config_parse(struct span text, struct config *config, config_warning *warn, void *context,
                         struct error *error);

/* The same for a file of another name. */
enum status config_parse_file(const char *name, struct span text, struct config *config, config_warning *warn,
                              void *context, struct error *error);

/* Puts what load_options_lines() made in place of what `config` has; modules are added. */
enum status config_override(struct span options, struct config *config, config_warning *warn, void *context,
                            struct error *error);

#endif
