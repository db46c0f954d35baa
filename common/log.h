/* The loader's log: every line at every level is kept in memory and handed to the kernel; what the configured level
 * lets through goes to the sinks that are on: screen and serial (COM1, and with it debug port E9, which follows its
 * switch and level). Each sink shows a line once, whole and in order; control characters in it become spaces.
 *
 * Usable from the first instruction: lines wait until a sink can show them. All sinks wait for the configuration
 * (log_configure), the screen also for something to draw on (log_screen_ready). */
#ifndef STAGECOACH_LOG_H
#define STAGECOACH_LOG_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_OFF, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };

struct log_settings {
    enum log_level level;
    bool serial; /* COM1 and port E9 */
    bool screen;
};

#define LOG_CAPACITY (16u * 1024u) /* bytes; when full, later lines are shown but not kept, and a last line says so */
#define LOG_LINE_MAX 511u          /* bytes of a line with its tag and newline; a longer one ends in "..." */

__attribute__((format(printf, 2, 3))) void log_write(enum log_level level, const char *format, ...);
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
#define log_trace(...) log_write(LOG_TRACE, __VA_ARGS__)

/* Sets level and sinks and shows the lines that were waiting. May be called again. */
void log_configure(const struct log_settings *settings);

/* From now on the screen can show the log: the framebuffer console if it was started, else the firmware's own screen.
 * Shows the lines that were waiting, if the screen is on. */
void log_screen_ready(void);

/* The text so far, NUL-terminated: "[info] config: /stagecoach.conf, 64 bytes\n". */
const char *log_text(size_t *size);

/* The contract for failing: writes "BOOT-ERR <code> <stage> <text>" to screen, COM1 and port E9, whatever is there and
 * whatever the settings say; lines that wait stay where they are. An error without a text gets its status's; behind
 * the text stands the status's remedy. Survives being called from within itself: the inner call writes where the outer
 * one had not begun to. */
void log_fatal(const struct error *error);

/* What a fatal error without words of its own says: its number is enough to look it up. */
#define LOG_NO_TEXT "see docs/errors.md"

#endif
