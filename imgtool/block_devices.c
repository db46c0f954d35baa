#include "block_devices.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR 512u /* sysfs counts in these, whatever the disk has */
#define LINE_MAX_SIZE 8192

/* --- files of sysfs ----------------------------------------------------------------------------------------------- */

/* "DIRECTORY/NAME" in PATH_MAX bytes. False: does not fit. */
static bool join(const char *directory, const char *name, char path[PATH_MAX])
{
    int size = snprintf(path, PATH_MAX, "%s/%s", directory, name);
    return size > 0 && size < PATH_MAX;
}

/* The text of a file without blanks at its ends. False: there is none. */
static bool read_text(const char *directory, const char *name, char *to, size_t room)
{
    char path[PATH_MAX];
    int fd = join(directory, name, path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t size = fd >= 0 ? read(fd, to, room - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (size < 0)
        size = 0;
    while (size > 0 && isspace((unsigned char)to[size - 1]))
        size--;
    to[size] = '\0';
    size_t blanks = strspn(to, " \t\n");
    memmove(to, to + blanks, strlen(to + blanks) + 1);
    for (char *at = to; *at != '\0'; at++) /* goes to a terminal */
        if (iscntrl((unsigned char)*at))
            *at = '?';
    return size > 0;
}

static uint64_t read_number(const char *directory, const char *name)
{
    char text[32];
    return read_text(directory, name, text, sizeof text) ? strtoull(text, NULL, 10) : 0;
}

/* "8:17" */
static bool parse_device_number(const char *text, uint32_t *major, uint32_t *minor)
{
    char *end;
    *major = (uint32_t)strtoul(text, &end, 10);
    if (end == text || *end != ':')
        return false;
    text = end + 1;
    *minor = (uint32_t)strtoul(text, &end, 10);
    return end != text;
}

static bool read_device_number(const char *directory, uint32_t *major, uint32_t *minor)
{
    char text[32];
    return read_text(directory, "dev", text, sizeof text) && parse_device_number(text, major, minor);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* --- what a disk is ----------------------------------------------------------------------------------------------- */

/* A stick's serial number is its USB device's, some directories above the disk. */
static void read_usb(const char *directory, struct block_device *device)
{
    char link[PATH_MAX], path[PATH_MAX], text[BLOCK_DEVICE_TEXT];
    if (!join(directory, "device", link) || realpath(link, path) == NULL)
        return;
    for (char *slash; (slash = strrchr(path, '/')) != NULL && slash != path; *slash = '\0') {
        if (!read_text(path, "idVendor", text, sizeof text))
            continue;
        device->usb = true;
        read_text(path, "serial", device->serial, sizeof device->serial);
        if (device->model[0] == '\0')
            read_text(path, "product", device->model, sizeof device->model);
        return;
    }
}

static void read_identity(const char *directory, struct block_device *device)
{
    char vendor[BLOCK_DEVICE_TEXT], model[BLOCK_DEVICE_TEXT];
    bool has_vendor = read_text(directory, "device/vendor", vendor, sizeof vendor) && strncmp(vendor, "0x", 2) != 0 &&
                      strcmp(vendor, "ATA") != 0;
    if (read_text(directory, "device/model", model, sizeof model))
        snprintf(device->model, sizeof device->model, "%.40s%s%.80s", has_vendor ? vendor : "", has_vendor ? " " : "",
                 model);
    if (!read_text(directory, "serial", device->serial, sizeof device->serial))
        read_text(directory, "device/serial", device->serial, sizeof device->serial);
    read_text(directory, "loop/backing_file", device->backing, sizeof device->backing);
    read_usb(directory, device);
}

/* --- what it is used for ------------------------------------------------------------------------------------------ */

struct part { /* the disk itself, or a partition */
    char name[64];
    uint32_t major, minor;
};

/* Calls `visit` for the disk and its partitions, until it returns true. */
static bool each_part(const char *directory, const char *disk,
                      bool (*visit)(void *context, const char *directory, const struct part *part), void *context)
{
    struct part part = {.major = 0};
    char path[PATH_MAX];
    snprintf(part.name, sizeof part.name, "%.63s", disk);
    if (read_device_number(directory, &part.major, &part.minor) && visit(context, directory, &part))
        return true;
    DIR *entries = opendir(directory);
    bool found = false;
    for (struct dirent *entry; entries != NULL && !found && (entry = readdir(entries)) != NULL;) {
        char text[16];
        if (entry->d_name[0] == '.' || !join(directory, entry->d_name, path) ||
            !read_text(path, "partition", text, sizeof text) || !read_device_number(path, &part.major, &part.minor))
            continue;
        snprintf(part.name, sizeof part.name, "%.63s", entry->d_name);
        found = visit(context, path, &part);
    }
    if (entries != NULL)
        closedir(entries);
    return found;
}

struct use {
    const struct block_devices_root *root;
    char *text;
    size_t room;
};

/* /proc/self/mountinfo: "36 35 8:17 / /mnt rw - ext4 /dev/sdb1 rw". The number is not the disk's for btrfs and its
 * like: there the source says it. */
static bool is_mounted(const struct use *use, const struct part *part)
{
    char path[PATH_MAX], line[LINE_MAX_SIZE], where[1024], source[1024], number[32];
    uint32_t major, minor;
    bool found = false;
    FILE *mounts = join(use->root->proc, "self/mountinfo", path) ? fopen(path, "re") : NULL;
    while (mounts != NULL && !found && fgets(line, sizeof line, mounts) != NULL) {
        const char *rest = strstr(line, " - ");
        if (sscanf(line, "%*s %*s %31s %*s %1023s", number, where) != 2 || !parse_device_number(number, &major, &minor))
            continue;
        bool named = rest != NULL && sscanf(rest, " - %*s %1023s", source) == 1 && strncmp(source, "/dev/", 5) == 0 &&
                     strcmp(base_name(source), part->name) == 0;
        found = named || (major == part->major && minor == part->minor);
    }
    if (mounts != NULL)
        fclose(mounts);
    if (found)
        snprintf(use->text, use->room, "%s is mounted on %.160s", part->name, where);
    return found;
}

static bool is_swap(const struct use *use, const struct part *part)
{
    char path[PATH_MAX], line[LINE_MAX_SIZE], file[1024];
    bool found = false;
    FILE *swaps = join(use->root->proc, "swaps", path) ? fopen(path, "re") : NULL;
    while (swaps != NULL && !found && fgets(line, sizeof line, swaps) != NULL)
        found = sscanf(line, "%1023s", file) == 1 && file[0] == '/' && strcmp(base_name(file), part->name) == 0;
    if (swaps != NULL)
        fclose(swaps);
    if (found)
        snprintf(use->text, use->room, "%s is swap space", part->name);
    return found;
}

/* Device mapper and RAID: dm-0, md127. */
static bool is_held(const struct use *use, const char *directory, const struct part *part)
{
    char path[PATH_MAX];
    bool found = false;
    DIR *holders = join(directory, "holders", path) ? opendir(path) : NULL;
    for (struct dirent *entry; holders != NULL && !found && (entry = readdir(holders)) != NULL;) {
        found = entry->d_name[0] != '.';
        if (found)
            snprintf(use->text, use->room, "%s is part of %.100s", part->name, entry->d_name);
    }
    if (holders != NULL)
        closedir(holders);
    return found;
}

static bool find_use(void *context, const char *directory, const struct part *part)
{
    const struct use *use = context;
    return is_mounted(use, part) || is_swap(use, part) || is_held(use, directory, part);
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

static bool read_device(const struct block_devices_root *root, const char *name, struct block_device *device)
{
    char directory[PATH_MAX], path[80];
    memset(device, 0, sizeof *device);
    snprintf(path, sizeof path, "block/%.63s", name);
    if (!join(root->sys, path, directory))
        return false;
    snprintf(device->name, sizeof device->name, "%.63s", name);
    device->size = read_number(directory, "size") * SECTOR;
    if (device->size == 0 || !read_device_number(directory, &device->major, &device->minor))
        return false;
    device->removable = read_number(directory, "removable") != 0;
    device->read_only = read_number(directory, "ro") != 0;
    read_identity(directory, device);
    struct use use = {root, device->use, sizeof device->use};
    each_part(directory, name, find_use, &use);
    return true;
}

static int compare(const void *one, const void *other)
{
    return strcmp(((const struct block_device *)one)->name, ((const struct block_device *)other)->name);
}

enum exit_code block_devices_read(const struct block_devices_root *root, struct block_devices *devices)
{
    char path[PATH_MAX];
    *devices = (struct block_devices){0};
    DIR *entries = join(root->sys, "block", path) ? opendir(path) : NULL;
    if (entries == NULL)
        return failure(EXIT_IO, "%s/block: can't be read: the disks of this machine are not known", root->sys);
    enum exit_code code = EXIT_OK;
    for (struct dirent *entry; code == EXIT_OK && (entry = readdir(entries)) != NULL;) {
        struct block_device device;
        if (entry->d_name[0] == '.' || !read_device(root, entry->d_name, &device))
            continue;
        struct block_device *list = reallocarray(devices->list, devices->count + 1, sizeof *list);
        if (list == NULL) {
            code = failure_memory();
        } else {
            devices->list = list;
            list[devices->count++] = device;
        }
    }
    closedir(entries);
    if (devices->count > 0)
        qsort(devices->list, devices->count, sizeof *devices->list, compare);
    return code;
}

void block_devices_free(struct block_devices *devices)
{
    free(devices->list);
    *devices = (struct block_devices){0};
}

const struct block_device *block_devices_find(const struct block_devices *devices, uint32_t major, uint32_t minor)
{
    for (size_t i = 0; i < devices->count; i++)
        if (devices->list[i].major == major && devices->list[i].minor == minor)
            return &devices->list[i];
    return NULL;
}

static bool is_number(void *context, const char *directory, const struct part *part)
{
    const struct part *wanted = context;
    (void)directory;
    return part->major == wanted->major && part->minor == wanted->minor;
}

bool block_device_has(const struct block_devices_root *root, const struct block_device *device, uint32_t major,
                      uint32_t minor)
{
    char directory[PATH_MAX], path[80];
    struct part wanted = {.major = major, .minor = minor};
    snprintf(path, sizeof path, "block/%s", device->name);
    return join(root->sys, path, directory) && each_part(directory, device->name, is_number, &wanted);
}
