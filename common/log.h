/* The loader's log: every line at every level is kept in memory and handed to the kernel; what the configured level lets
 * through goes to the sinks that are on: serial (COM1), debug port E9, screen. Usable from the first instruction; lines
 * logged before the configuration is known are kept and shown once it is (log_configure). */
#ifndef STAGECOACH_LOG_H
#define STAGECOACH_LOG_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_OFF, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };

struct log_settings {
    enum log_level level;
    bool serial; /* COM1 */
    bool screen;
};

#define LOG_CAPACITY (16u * 1024u) /* bytes; when full, the newest lines are dropped and a last line says so */

__attribute__((format(printf, 2, 3))) void log_write(enum log_level level, const char *format, ...);
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
#define log_trace(...) log_write(LOG_TRACE, __VA_ARGS__)

/* Sets level and sinks and shows the lines that were waiting. */
void log_configure(const struct log_settings *settings);

/* The framebuffer console has started: shows on it what the screen has missed so far. */
void log_screen_ready(void);

/* The text so far, NUL-terminated: "[info] config: /stagecoach.conf, 64 bytes\n". */
const char *log_text(size_t *size);

/* The contract for failing: writes "BOOT-ERR <code> <stage> <text>" to screen, COM1 and port E9, whatever is there and
 * whatever the settings say. Survives being called from within itself. */
void log_fatal(const struct error *error);

#endif
