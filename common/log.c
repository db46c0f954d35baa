#include "log.h"

#include "console.h"
#include "firmware.h"
#include "format.h"
#include "memory.h"
#include "serial.h"

#include <stdarg.h>

struct line {
    char text[LOG_LINE_MAX + 1];
    size_t size;
};

struct sink {
    void (*write)(const char *text, size_t size);
    bool live;
    size_t shown; /* bytes of the kept text that this sink is done with */
};

static void write_serial(const char *text, size_t size)
{
    serial_write(text, size);
    debugcon_write(text, size);
}

static void write_screen(const char *text, size_t size)
{
    if (console_ready())
        console_write(text, size);
    else
        firmware_screen_write(text, size);
}

static const char full_line[] = "[warn] log: full, later lines are not kept\n";
static char kept[LOG_CAPACITY]; /* always NUL-terminated */
static size_t kept_size;
static bool full, configured, screen_ready;
static struct log_settings current;
static struct sink serial_sink = {.write = write_serial}, screen_sink = {.write = write_screen};

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_OFF:
    case LOG_ERROR:
        return "error";
    case LOG_WARN:
        return "warn";
    case LOG_INFO:
        return "info";
    case LOG_DEBUG:
        return "debug";
    case LOG_TRACE:
        break;
    }
    return "trace";
}

/* The level of a kept line, from the first letter of its tag. */
static enum log_level line_level(const char *line)
{
    enum log_level level = LOG_ERROR;
    while (level < LOG_TRACE && line[1] != level_name(level)[0])
        level++;
    return level;
}

/* Ends the line, whose text is `length` bytes long if it was not cut. */
static void line_finish(struct line *line, size_t length)
{
    if (length >= LOG_LINE_MAX) {
        length = LOG_LINE_MAX - 1;
        memcpy(line->text + length - 3, "...", 3);
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)line->text[i];
        if (byte < ' ' || byte == 0x7f)
            line->text[i] = ' ';
    }
    line->text[length] = '\n';
    line->size = length + 1;
}

static void sink_show(const struct sink *sink, const char *line, size_t size)
{
    if (sink->live && line_level(line) <= current.level)
        sink->write(line, size);
}

static void sink_catch_up(struct sink *sink)
{
    while (sink->live && sink->shown < kept_size) {
        const char *line = kept + sink->shown;
        size_t size = 0;
        while (line[size++] != '\n')
            ;
        sink->shown += size;
        sink_show(sink, line, size);
    }
}

static void sinks_update(void)
{
    serial_sink.live = configured && current.serial;
    screen_sink.live = configured && current.screen && screen_ready;
    if (serial_sink.live)
        serial_start();
    sink_catch_up(&serial_sink);
    sink_catch_up(&screen_sink);
}

static void keep(const char *text, size_t size)
{
    memcpy(kept + kept_size, text, size);
    kept_size += size;
    kept[kept_size] = '\0';
}

void log_write(enum log_level level, const char *format_text, ...)
{
    struct line line;
    va_list arguments;
    size_t tag = format(line.text, sizeof line.text, "[%s] ", level_name(level));
    va_start(arguments, format_text);
    line_finish(&line, tag + format_list(line.text + tag, sizeof line.text - tag, format_text, arguments));
    va_end(arguments);

    /* sizeof full_line is the room for it and for the NUL. */
    if (!full && line.size + sizeof full_line <= sizeof kept - kept_size) {
        keep(line.text, line.size);
        sink_catch_up(&serial_sink);
        sink_catch_up(&screen_sink);
        return;
    }
    if (!full)
        keep(full_line, sizeof full_line - 1);
    full = true;
    sink_catch_up(&serial_sink);
    sink_catch_up(&screen_sink);
    sink_show(&serial_sink, line.text, line.size);
    sink_show(&screen_sink, line.text, line.size);
}

void log_configure(const struct log_settings *settings)
{
    current = *settings;
    configured = true;
    sinks_update();
}

void log_screen_ready(void)
{
    screen_ready = true;
    sinks_update();
}

const char *log_text(size_t *size)
{
    *size = kept_size;
    return kept;
}

static void write_com1(const char *text, size_t size)
{
    if (serial_start())
        serial_write(text, size);
}

void log_fatal(const struct error *error)
{
    void (*const writers[])(const char *, size_t) = {debugcon_write, write_com1, write_screen};
    static volatile unsigned depth, next; /* next: the first writer that nobody has begun with */
    const char *remedy = status_remedy(error->status);
    struct line line;
    line_finish(&line, format(line.text, sizeof line.text, "BOOT-ERR %d %s %s%s%s", (int)error->status,
                              firmware_identity()->stage, error->text[0] != '\0' ? error->text : LOG_NO_TEXT,
                              remedy[0] != '\0' ? "; " : "", remedy));
    depth++;
    while (next < sizeof writers / sizeof writers[0]) {
        unsigned now = next;
        next = now + 1;
        writers[now](line.text, line.size);
    }
    depth--;
    if (depth == 0)
        next = 0;
}
