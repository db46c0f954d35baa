/* imgtool run: boots an image, a kernel, or a directory of build-netboot, in QEMU. */
#include "cli.h"
#include "deliver.h"
#include "direct_file.h"
#include "disk_image.h"
#include "failure.h"
#include "guest.h"
#include "host_file.h"
#include "image_container.h"
#include "iso_read.h"
#include "kvm_probe.h"
#include "netboot.h"
#include "output_files.h"
#include "process.h"
#include "qemu_lists.h"
#include "timeline.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *firmware, *disk, *machine, *memory, *cpu, *vga, *nic, *qemu_program, *screenshot, *serial_log, *e9_log;
static char *success_pattern, *report;
static int direct, cpus = 1, timeout_seconds, gdb, gui, no_serial, verbose, timeline, as_json, check_only, checked;
static struct pattern pattern;

static const struct poptOption options[] = {
    {"firmware", 'f', POPT_ARG_STRING, &firmware, 0, "bios (the default) or uefi", "bios|uefi"},
    {"direct", 'D', POPT_ARG_NONE, &direct, 0,
     "no disk and no boot firmware's help: start a kernel, or a file of build-direct, as -kernel; much faster", NULL},
    {"disk", 'd', POPT_ARG_STRING, &disk, 0, "the disk (default: ahci), or CD drive: usb-cdrom and scsi-cdrom, too",
     "ide|ahci|virtio|nvme|usb|scsi|cdrom"},
    {"nic", 0, POPT_ARG_STRING, &nic, 0,
     "card for a boot from the network: virtio (the default), e1000, e1000e, rtl8139, pcnet, ne2k, vmxnet3 or eepro100",
     "CARD"},
    {"machine", 'M', POPT_ARG_STRING, &machine, 0,
     "q35, or pc (the default for --disk ide); microvm (the default for --direct)", "q35|pc|microvm"},
    {"memory", 'm', POPT_ARG_STRING, &memory, 0, "memory of the machine (default: 256M)", "SIZE"},
    {"cpu", 0, POPT_ARG_STRING, &cpu, 0, "CPU model and features as QEMU names them", "MODEL"},
    {"smp", 0, POPT_ARG_INT, &cpus, 0, "number of CPUs (default: 1)", "N"},
    {"vga", 0, POPT_ARG_STRING, &vga, 0, "the graphics card (default: std)", "none|std|cirrus|virtio|qxl"},
    {"no-serial", 0, POPT_ARG_NONE, &no_serial, 0, "a machine without a serial port; shows port E9 instead", NULL},
    {"serial-log", 0, POPT_ARG_STRING, &serial_log, 0, "write COM1's output to a file, too", "FILE"},
    {"e9-log", 0, POPT_ARG_STRING, &e9_log, 0, "write to a file what the guest writes to port E9", "FILE"},
    {"screenshot", 's', POPT_ARG_STRING, &screenshot, 0, "write a PNG picture of the screen when the guest ends",
     "FILE"},
    {"timeout", 't', POPT_ARG_INT, &timeout_seconds, 0, "give up after that many seconds (default: never)", "S"},
    {"timeline", 0, POPT_ARG_NONE, &timeline, 0, "show where the loader's time went, when the guest has ended", NULL},
    {"json", 0, POPT_ARG_NONE, &as_json, 0, "--timeline as JSON; what the guest writes goes to stderr", NULL},
    {"success-pattern", 0, POPT_ARG_STRING, &success_pattern, 0,
     "success is this text in the guest's output; between slashes, a regular expression", "TEXT|/REGEX/"},
    {"report", 0, POPT_ARG_STRING, &report, 0, "write the verdict to a file, as JSON", "FILE"},
    {"check", 0, POPT_ARG_NONE | POPT_ARGFLAG_DOC_HIDDEN, &check_only, 0, "only check the options (for imgtool test)",
     NULL},
    {"checked", 0, POPT_ARG_NONE | POPT_ARGFLAG_DOC_HIDDEN, &checked, 0, "QEMU has all that is named (imgtool test)",
     NULL},
    {"gdb", 'g', POPT_ARG_NONE, &gdb, 0, "wait for a debugger on TCP port 1234 before the first instruction", NULL},
    {"gui", 0, POPT_ARG_NONE, &gui, 0, "show the machine's screen in a window, until that is closed", NULL},
    {"qemu", 0, POPT_ARG_STRING, &qemu_program, 0, "QEMU to use (default: qemu-system-x86_64 in PATH)", "PATH"},
    {"verbose", 'v', POPT_ARG_NONE, &verbose, 0, "print QEMU's command line", NULL},
    POPT_TABLEEND,
};

static bool one_of(const char *value, const char *option, const char *const *allowed)
{
    for (size_t i = 0; allowed[i]; i++)
        if (strcmp(value, allowed[i]) == 0)
            return true;
    fflush(stdout);
    fprintf(stderr, "imgtool: error: --%s %s: choose", option, value);
    for (size_t i = 0; allowed[i]; i++)
        fprintf(stderr, "%s %s", i ? "," : "", allowed[i]);
    fputc('\n', stderr);
    return false;
}

static bool direct_ok(void)
{
    if (!direct && machine && strcmp(machine, "microvm") == 0)
        cli_error("--machine microvm boots no disk: it needs --direct");
    else if (direct && disk)
        cli_error("--disk: a machine that is started with --direct has none");
    else if (direct && firmware && strcmp(firmware, "uefi") == 0)
        cli_error("--firmware uefi: QEMU starts a kernel by --direct without UEFI");
    else if (direct && vga && strcmp(machine ? machine : "microvm", "microvm") == 0)
        cli_error("--vga: the machine microvm has no place for a graphics card; add --machine q35");
    else
        return true;
    return false;
}

static bool options_ok(void)
{
    static const char *const firmwares[] = {"bios", "uefi", NULL};
    static const char *const machines[] = {"q35", "pc", "microvm", NULL};
    static const char *const disks[] = {"ide",  "ahci",  "virtio",    "nvme",       "usb",
                                        "scsi", "cdrom", "usb-cdrom", "scsi-cdrom", NULL};
    static const char *const cards[] = {"none", "std", "cirrus", "virtio", "qxl", NULL};
    const char *problem;
    if ((firmware && !one_of(firmware, "firmware", firmwares)) || (disk && !one_of(disk, "disk", disks)) ||
        (machine && !one_of(machine, "machine", machines)) || (vga && !one_of(vga, "vga", cards)) || !direct_ok())
        return false;
    if (nic && !qemu_nic_device(nic)) {
        const char *nearest = qemu_nic_nearest(nic);
        cli_error("--nic %s: no such card; %s%s%s", nic, nearest ? "did you mean '" : "imgtool run --help lists them",
                  nearest ? nearest : "", nearest ? "'?" : "");
        return false;
    }
    if (cpus < 1) {
        cli_error("--smp takes a positive number");
        return false;
    }
    if (timeout_seconds < 0 || timeout_seconds > TIMEOUT_MAX_SECONDS) {
        cli_error("--timeout takes seconds up to %d, or 0 for none, not %d", TIMEOUT_MAX_SECONDS, timeout_seconds);
        return false;
    }
    if (as_json && !timeline) {
        cli_error("--json is a form of --timeline: give both");
        return false;
    }
    if (serial_log && no_serial) {
        cli_error("--serial-log needs a serial port: leave out --no-serial");
        return false;
    }
    if (machine && !direct && (problem = qemu_disk_problem(machine, disk ? disk : "ahci"))) {
        cli_error("--machine %s: %s", machine, problem);
        return false;
    }
    return true;
}

/* What run needs for itself: found or made before QEMU starts, removed after it. */
struct workspace {
    char directory[PATH_MAX], image[PATH_MAX], program[PATH_MAX];
    char variables[PATH_MAX + 32];
    const char *ovmf_code, *ovmf_variables; /* as they are installed; NULL: BIOS */
    bool is_netboot;                        /* `image` is a directory made by build-netboot */
};

static int missing(const char *what, const char *package)
{
    cli_error("%s is not installed; this installs it:\n  apt-get install --no-install-recommends %s", what, package);
    return EXIT_HELPER_MISSING;
}

static bool wants_uefi(void)
{
    return firmware && strcmp(firmware, "uefi") == 0;
}

/* Is all here that this run needs? */
static int find_programs(struct workspace *workspace)
{
    const char *program = qemu_program ? qemu_program : "qemu-system-x86_64";
    if (!process_find(program, workspace->program))
        return missing(program, "qemu-system-x86");
    if (wants_uefi() && !qemu_find_ovmf(&workspace->ovmf_code, &workspace->ovmf_variables))
        return missing("OVMF, the UEFI firmware for QEMU,", "ovmf");
    return EXIT_OK;
}

/* QEMU itself would say so, but only of a machine that is half made by then. */
static int ask_qemu(const char *program)
{
    const char *kind = machine ? machine : direct ? "microvm" : NULL;
    bool has = checked || (qemu_lists_ok(program, QEMU_MACHINES, "--machine", kind, kind) &&
                           qemu_lists_ok(program, QEMU_CPUS, "--cpu", cpu, cpu) &&
                           qemu_lists_ok(program, QEMU_CARDS, "--vga", vga, vga) &&
                           qemu_lists_ok(program, QEMU_DEVICES, "--nic", nic, nic ? qemu_nic_device(nic) : NULL));
    return has ? EXIT_OK : EXIT_USAGE;
}

static int copy_variables(struct workspace *workspace)
{
    if (!workspace->ovmf_code)
        return EXIT_OK;
    snprintf(workspace->variables, sizeof workspace->variables, "%s/variables.fd", workspace->directory);
    return (int)host_file_duplicate(workspace->ovmf_variables, workspace->variables);
}

/* Of the two ways in, PVH tells more than Multiboot 1: --pvh makes QEMU choose it. */
static int build_image(struct workspace *workspace, const char *kernel)
{
    struct arguments arguments = {0};
    snprintf(workspace->image, sizeof workspace->image, "%.*s/disk.img", PATH_MAX - 16, workspace->directory);
    arguments_add(&arguments, "/proc/self/exe");
    arguments_add(&arguments, direct ? "build-direct" : disk && qemu_disk_is_cd(disk) ? "build-iso" : "build-image");
    if (direct)
        arguments_add(&arguments, "--pvh");
    arguments_add(&arguments, "--quiet");
    arguments_add(&arguments, "--output");
    arguments_add(&arguments, workspace->image);
    arguments_add(&arguments, "--");
    arguments_add(&arguments, kernel);
    int code = process_run(&arguments);
    arguments_free(&arguments);
    return code < 0 ? EXIT_FAILED : code;
}

/* What no firmware can start from a CD drive. */
static bool is_cd(const char *path)
{
    struct disk_image image;
    if (disk_image_open(&image, path) != EXIT_OK)
        return false;
    bool found = iso_is_there(&image.block);
    disk_image_close(&image);
    if (!found)
        cli_error("%s is no CD: make one with build-iso", path);
    return found;
}

/* A disk image is used as it is, and so is a directory for network boots; of an ELF kernel, an image is made. */
static int find_image(struct workspace *workspace, const char *path)
{
    char magic[4] = {0};
    struct stat stat_of;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a FIFO must not make us wait */
    if (fd < 0 || fstat(fd, &stat_of) != 0 || (S_ISREG(stat_of.st_mode) && read(fd, magic, sizeof magic) < 0)) {
        cli_error("%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return EXIT_IO;
    }
    bool container = image_container_refuse(fd, path) != EXIT_OK;
    close(fd);
    if (container)
        return EXIT_INPUT_REJECTED;
    if (S_ISREG(stat_of.st_mode) && stat_of.st_size == 0) {
        cli_error("%s: is empty: neither a disk image nor a kernel", path);
        return EXIT_INPUT_REJECTED;
    }
    if (!S_ISREG(stat_of.st_mode) && !S_ISDIR(stat_of.st_mode) && !S_ISBLK(stat_of.st_mode)) {
        cli_error("%s: neither a disk image nor a kernel", path);
        return EXIT_INPUT_REJECTED;
    }
    workspace->is_netboot = S_ISDIR(stat_of.st_mode) && !direct && netboot_probe(path);
    if (S_ISDIR(stat_of.st_mode) && !workspace->is_netboot) {
        cli_error("%s is a directory, and not one that build-netboot made; run takes such a one, a disk image or an "
                  "ELF kernel",
                  path);
        return EXIT_INPUT_REJECTED;
    }
    bool is_elf = memcmp(magic, "\177ELF", sizeof magic) == 0;
    bool is_direct = is_elf && direct_file_probe(path);
    if (is_elf && !is_direct)
        return build_image(workspace, path);
    if (is_direct && !direct) {
        cli_error("%s is a file of build-direct: start it with --direct", path);
        return EXIT_USAGE;
    }
    if (direct && !is_elf) {
        cli_error("%s: --direct starts an ELF kernel, or what imgtool build-direct made of one", path);
        return EXIT_INPUT_REJECTED;
    }
    if (disk && qemu_disk_is_cd(disk) && !is_cd(path))
        return EXIT_INPUT_REJECTED;
    if (!realpath(path, workspace->image)) {
        cli_error("%s: %s", path, strerror(errno));
        return EXIT_IO;
    }
    return EXIT_OK;
}

static int prepare(struct workspace *workspace, const char *image)
{
    int code = find_programs(workspace);
    if (code == EXIT_OK)
        code = ask_qemu(workspace->program);
    if (code == EXIT_OK)
        code = copy_variables(workspace);
    return code == EXIT_OK ? find_image(workspace, image) : code;
}

/* The timeline's port is one more debug console, which writes into a file of the workspace. */
static void add_timeline_port(const struct workspace *workspace, const char *const *extra, struct arguments *arguments)
{
    arguments_add(arguments, "-chardev");
    char *escaped = qemu_escape_commas(workspace->directory);
    arguments_addf(arguments, "file,id=timeline,path=%s/timeline", escaped);
    free(escaped);
    arguments_add(arguments, "-device");
    arguments_addf(arguments, "isa-debugcon,chardev=timeline,iobase=%#x,readback=%#x", TIMELINE_PORT, TIMELINE_ANSWER);
    for (; extra && *extra; extra++)
        arguments_add(arguments, *extra);
}

static void show_timeline(const struct workspace *workspace)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/timeline", workspace->directory);
    if (!timeline_show(path, as_json))
        cli_warn("no timeline: the loader did not get as far as the kernel, or is an older one");
    fflush(stdout);
}

/* QEMU replaces, and removes, what it writes a picture to: anything but a file gets a copy. */
static bool is_copied(const char *path)
{
    struct stat found;
    return path && stat(path, &found) == 0 && !S_ISREG(found.st_mode);
}

static int copy_screenshot(const char *picture, struct guest_result *result)
{
    if (access(picture, F_OK) != 0 || deliver_file(picture, screenshot))
        return (int)result->code;
    result->code = failure(EXIT_IO, "%s: no screenshot: %s", screenshot, host_write_problem());
    return (int)result->code;
}

static int run_guest(const struct workspace *workspace, const char *const *extra, struct guest_result *result)
{
    const char *accelerator = kvm_choose_accelerator();
    if (!accelerator) {
        cli_error("IMGTOOL_ACCEL is 'kvm' or 'tcg', not '%s'", getenv("IMGTOOL_ACCEL"));
        return EXIT_USAGE;
    }
    const char *chosen_disk = disk ? disk : "ahci";
    char picture[PATH_MAX + 16];
    snprintf(picture, sizeof picture, "%s/picture", workspace->directory);
    struct guest_options guest = {
        .qemu = {.program = workspace->program,
                 .image = workspace->image,
                 .direct = direct,
                 .boot_file = !workspace->is_netboot ? NULL
                              : workspace->ovmf_code ? NETBOOT_UEFI_NAME
                                                     : NETBOOT_BIOS_NAME,
                 .nic = nic ? nic : "virtio",
                 .machine = machine  ? machine
                            : direct ? "microvm"
                                     : qemu_default_machine(chosen_disk),
                 .disk = chosen_disk,
                 .accel = accelerator,
                 .memory = memory ? memory : "256M",
                 .cpu = cpu,
                 .vga = vga,
                 .cpus = cpus,
                 .gui = gui,
                 .gdb = gdb,
                 .ovmf_code = workspace->ovmf_code,
                 .ovmf_vars = workspace->variables,
                 .extra = extra},
        .io = {.serial = !no_serial,
               .serial_log = serial_log,
               .e9_log = e9_log,
               .pattern = success_pattern ? &pattern : NULL},
        .screenshot = is_copied(screenshot) ? picture : screenshot,
        .screenshot_name = screenshot,
        .timeout_seconds = timeout_seconds,
        .verbose = verbose,
    };
    if (gdb)
        cli_note("the machine waits for a debugger: gdb -ex 'target remote :1234' KERNEL");
    int code = (int)guest_run(&guest, result);
    return guest.screenshot == picture ? copy_screenshot(picture, result) : code;
}

/* With --json, stdout is the document's alone. */
static int run_watched(const struct workspace *workspace, const char *const *extra, struct guest_result *result)
{
    struct arguments arguments = {0};
    if (!timeline)
        return run_guest(workspace, extra, result);
    add_timeline_port(workspace, extra, &arguments);
    int stdout_kept = as_json ? dup(STDOUT_FILENO) : -1;
    if (stdout_kept >= 0)
        dup2(STDERR_FILENO, STDOUT_FILENO);
    int code = run_guest(workspace, (const char *const *)arguments.items, result);
    if (stdout_kept >= 0) {
        dup2(stdout_kept, STDOUT_FILENO);
        close(stdout_kept);
    }
    arguments_free(&arguments);
    show_timeline(workspace);
    return code;
}

/* Better now than when the guest has ended. */
static enum exit_code check_outputs(const char *image)
{
    const struct output_file files[] = {
        {"--serial-log", serial_log}, {"--e9-log", e9_log}, {"--report", report}, {"--screenshot", screenshot}};
    const size_t count = sizeof files / sizeof *files;
    enum exit_code code = output_files_check(files, count, image);
    for (size_t i = 0; i < count && code == EXIT_OK; i++)
        code = files[i].path ? host_file_check_writable(files[i].path) : EXIT_OK;
    return code;
}

static int run(poptContext context)
{
    const char **arguments = poptGetArgs(context);
    if (!arguments || !arguments[0]) {
        cli_error("which image? Usage: imgtool run IMAGE");
        return EXIT_USAGE;
    }
    /* What begins with a dash was behind "--". */
    if (arguments[1] && arguments[1][0] != '-') {
        cli_error("one image, not '%s' too; arguments for QEMU go behind --", arguments[1]);
        return EXIT_USAGE;
    }
    if (!options_ok() || (success_pattern && !pattern_open(&pattern, success_pattern)))
        return EXIT_USAGE;

    static struct workspace workspace;
    if (check_only)
        return find_programs(&workspace);
    sigset_t before;
    struct guest_result result = {0};
    guest_io_block_signals(&before);
    int code = (int)check_outputs(arguments[0]);
    if (code == EXIT_OK && !temporary_directory_make(workspace.directory))
        code = EXIT_IO;
    else if (code == EXIT_OK) {
        code = prepare(&workspace, arguments[0]);
        if (code == EXIT_OK)
            code = run_watched(&workspace, (const char *const *)arguments + 1, &result);
        if (report && result.reason[0] && !guest_report_save(report, arguments[0], &result))
            code = failure(EXIT_IO, "%s: can't write the report: %s", report, host_write_problem());
        temporary_directory_remove(workspace.directory);
    }
    /* A signal that was held back ends us here, in the way that a shell expects. */
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (result.signal)
        raise(result.signal);
    if (success_pattern)
        pattern_close(&pattern);
    return code;
}

const struct command command_run = {
    .name = "run",
    .arguments = "IMAGE|KERNEL|DIRECTORY [-- QEMU-ARGUMENT...]",
    .summary = "boot an image, a kernel, or a directory of build-netboot, in QEMU",
    .examples = "imgtool run disk.img --firmware uefi\n"
                "imgtool run --direct kernel.elf\n"
                "imgtool run kernel.elf --timeout 30 --screenshot screen.png\n"
                "imgtool run disk.img --disk usb --memory 2G --gui\n"
                "imgtool run netboot --firmware uefi --nic e1000\n"
                "imgtool run disk.img --timeline\n"
                "imgtool run disk.img --gdb -- -d int,cpu_reset",
    .options = options,
    .run = run,
};
