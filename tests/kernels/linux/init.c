/* /init of the ramdisk that judges how Linux was started. Says what it sees in lines of its own on the console, and
 * ends QEMU by the port of isa-debug-exit: success if the command line has its console and each
 * sum=PATH:FNV of it is that of the file. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_PORT 0xf4
#define EXIT_SUCCESS_CODE 0x10 /* 33 of isa-debug-exit */
#define EXIT_FAILURE_CODE 0x11

static _Noreturn void end(int code)
{
    fflush(NULL);
    sync();
    if (ioperm(EXIT_PORT, 1, 1) == 0)
        outb((unsigned char)code, EXIT_PORT);
    for (;;)
        pause();
}

static _Noreturn void fail(const char *what)
{
    printf("INIT FAILED %s: %s\n", what, strerror(errno));
    end(EXIT_FAILURE_CODE);
}

/* Prints a file of /proc or /sys line by line, each with `tag` in front. */
static void show(const char *tag, const char *path)
{
    char line[4096];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        printf("%s %s\n", tag, line);
    }
    fclose(file);
}

/* 32-bit FNV-1a: the host computes the same. */
static uint32_t sum_file(const char *path, uint64_t *size)
{
    uint8_t bytes[65536];
    uint32_t sum = 0x811c9dc5u;
    int fd = open(path, O_RDONLY);
    ssize_t got;
    if (fd < 0)
        fail(path);
    *size = 0;
    while ((got = read(fd, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            sum = (sum ^ bytes[i]) * 0x01000193u;
        *size += (uint64_t)got;
    }
    close(fd);
    return sum;
}

/* /sys/firmware/acpi/tables: each with its size and sum. */
static void show_table(const char *name)
{
    char path[128];
    uint64_t size;
    snprintf(path, sizeof path, "/sys/firmware/acpi/tables/%s", name);
    if (access(path, R_OK) != 0)
        return;
    uint32_t sum = sum_file(path, &size);
    printf("ACPI %s %llu %08x\n", name, (unsigned long long)size, sum);
}

/* Devices that Linux makes of screen_info. */
static void show_framebuffers(void)
{
    DIR *directory = opendir("/sys/bus/platform/devices");
    const struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL)
        if (strstr(entry->d_name, "framebuffer") != NULL)
            printf("SCREEN %s\n", entry->d_name);
    if (directory != NULL)
        closedir(directory);
}

static void check_files(const char *command_line)
{
    uint64_t size;
    for (const char *word = strstr(command_line, "sum="); word != NULL; word = strstr(word + 1, "sum=")) {
        char path[64];
        uint32_t expected;
        if (sscanf(word, "sum=%63[^:]:%x", path, &expected) != 2)
            continue;
        uint32_t sum = sum_file(path, &size);
        printf("FILE %s %llu %08x\n", path, (unsigned long long)size, sum);
        if (sum != expected)
            fail("a file's sum");
    }
}

int main(void)
{
    char command_line[4096] = "";
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    if (mount("proc", "/proc", "proc", 0, NULL) != 0 || mount("sysfs", "/sys", "sysfs", 0, NULL) != 0)
        fail("mount");
    FILE *file = fopen("/proc/cmdline", "r");
    if (file == NULL || fgets(command_line, sizeof command_line, file) == NULL)
        fail("/proc/cmdline");
    printf("INIT runs\nCMDLINE %s", command_line);
    show("IOMEM", "/proc/iomem");
    show_framebuffers();
    show_table("FACP");
    show_table("APIC");
    show_table("DSDT");
    printf("UEFI %s\n", access("/sys/firmware/efi", F_OK) == 0 ? "yes" : "no");
    check_files(command_line);
    if (strstr(command_line, "console=ttyS0") == NULL)
        fail("the command line");
    printf("INIT ends\n");
    end(EXIT_SUCCESS_CODE);
}
