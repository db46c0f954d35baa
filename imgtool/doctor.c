/* imgtool doctor: what is missing on this machine, and how to get it. */
#include "cli.h"
#include "json.h"
#include "kvm_probe.h"
#include "operands.h"
#include "process.h"
#include "qemu.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DETAIL_MAX (PATH_MAX + 64)

static int as_json;

static const struct poptOption options[] = {
    {"json", 0, POPT_ARG_NONE, &as_json, 0, "as JSON", NULL},
    POPT_TABLEEND,
};

struct need {
    const char *name, *purpose;
    const char *package; /* of Debian; NULL: no package helps */
    const char *command; /* asked for only if there is this command */
    bool required;
    bool (*look)(const struct need *need, char detail[DETAIL_MAX]);
};

static bool look_for_program(const struct need *need, char detail[DETAIL_MAX])
{
    return process_find(need->name, detail);
}

static bool look_for_ovmf(const struct need *need, char detail[DETAIL_MAX])
{
    (void)need;
    const char *code, *variables;
    if (!qemu_find_ovmf(&code, &variables))
        return false;
    snprintf(detail, DETAIL_MAX, "%s", code);
    return true;
}

static bool look_for_kvm(const struct need *need, char detail[DETAIL_MAX])
{
    (void)need;
    bool works = kvm_probe();
    const char *text = "guests run in hardware";
    if (access("/dev/kvm", F_OK) != 0)
        text = "there is no /dev/kvm; guests run without it, slower";
    else if (access("/dev/kvm", R_OK | W_OK) != 0)
        text = "/dev/kvm is forbidden; this allows it: sudo usermod -aG kvm $USER";
    else if (!works)
        text = "/dev/kvm does not work well enough; guests run without it, slower";
    snprintf(detail, DETAIL_MAX, "%s", text);
    return works;
}

static bool look_for_window(const struct need *need, char detail[DETAIL_MAX])
{
    (void)need;
    static const char *const places[] = {"/usr/lib/x86_64-linux-gnu/qemu/ui-gtk.so", "/usr/lib/qemu/ui-gtk.so",
                                         "/usr/lib64/qemu-kvm/ui-gtk.so", "/usr/lib64/qemu/ui-gtk.so"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (access(places[i], R_OK) != 0)
            continue;
        snprintf(detail, DETAIL_MAX, "%s", places[i]);
        return true;
    }
    return false;
}

static bool look_for_disk_rights(const struct need *need, char detail[DETAIL_MAX])
{
    (void)need;
    bool root = geteuid() == 0;
    snprintf(detail, DETAIL_MAX, "%s", root ? "you are root" : "only root may write to whole disks: use sudo");
    return root;
}

static const struct need needs[] = {
    {"qemu-system-x86_64", "boots images and kernels", "qemu-system-x86", "run", true, look_for_program},
    {"OVMF", "UEFI firmware for QEMU", "ovmf", "run", true, look_for_ovmf},
    {"KVM", "lets guests run fast", NULL, "run", false, look_for_kvm},
    {"QEMU's window", "run --gui", "qemu-system-gui", "run", false, look_for_window},
    {"gdb", "run --gdb", "gdb", "run", false, look_for_program},
    {"qemu-img", "convert to qcow2, vhd, vmdk, vdi", "qemu-utils", "convert", true, look_for_program},
    {"bmaptool", "copies images by the block map of convert --bmap", "bmap-tools", "convert", false, look_for_program},
    {"rights to disks", "write", NULL, "write", false, look_for_disk_rights},
};
#define NEED_COUNT (sizeof needs / sizeof *needs)

struct finding {
    bool asked, present;
    char detail[DETAIL_MAX];
};

static bool has_command(const char *name)
{
    for (size_t i = 0; imgtool_commands[i]; i++)
        if (strcmp(imgtool_commands[i]->name, name) == 0)
            return true;
    return false;
}

static void look(struct finding *findings)
{
    for (size_t i = 0; i < NEED_COUNT; i++) {
        findings[i].asked = has_command(needs[i].command);
        findings[i].present = findings[i].asked && needs[i].look(&needs[i], findings[i].detail);
    }
}

/* The line that installs what is missing: what is required, or also the rest. NULL: nothing is. */
static char *install_line(const struct finding *findings, bool required)
{
    struct arguments line = {0};
    for (size_t i = 0; i < NEED_COUNT; i++)
        if (findings[i].asked && !findings[i].present && needs[i].package && needs[i].required == required)
            arguments_add(&line, needs[i].package);
    if (!line.count)
        return NULL;
    char *packages = arguments_text(&line), *text;
    if (asprintf(&text, "apt-get install --no-install-recommends %s", packages) < 0)
        exit(failure_memory());
    free(packages);
    arguments_free(&line);
    return text;
}

static bool is_ready(const struct finding *findings)
{
    for (size_t i = 0; i < NEED_COUNT; i++)
        if (findings[i].asked && !findings[i].present && needs[i].required)
            return false;
    return true;
}

static void print(const struct finding *findings)
{
    for (size_t i = 0; i < NEED_COUNT; i++) {
        if (!findings[i].asked)
            continue;
        const char *word = findings[i].present ? "ok" : needs[i].required ? "missing" : "optional";
        printf("%-9s %-19s %s%s%s\n", word, needs[i].name, needs[i].purpose, findings[i].detail[0] ? ": " : "",
               findings[i].detail);
    }
    char *required = install_line(findings, true), *optional = install_line(findings, false);
    if (required)
        printf("\nThis installs what is missing:\n  %s\n", required);
    if (optional)
        printf("\nThis installs what is optional:\n  %s\n", optional);
    free(required);
    free(optional);
}

static void print_json(const struct finding *findings)
{
    struct json_object *document = json_document("doctor");
    json_flag(document, "ready", is_ready(findings));
    struct json_object *items = json_array_in(document, "items");
    for (size_t i = 0; i < NEED_COUNT; i++) {
        if (!findings[i].asked)
            continue;
        struct json_object *item = json_object_append(items);
        json_text(item, "name", needs[i].name);
        json_text(item, "purpose", needs[i].purpose);
        json_flag(item, "required", needs[i].required);
        json_flag(item, "present", findings[i].present);
        if (needs[i].package)
            json_text(item, "package", needs[i].package);
        if (findings[i].detail[0])
            json_text(item, "detail", findings[i].detail);
    }
    char *line = install_line(findings, true);
    if (line)
        json_text(document, "install", line);
    free(line);
    json_finish(document);
}

static int run(poptContext context)
{
    static struct finding findings[NEED_COUNT];
    enum exit_code code = operands_take(context, "imgtool doctor", 0, 0, NULL);
    if (code != EXIT_OK)
        return code;
    look(findings);
    for (size_t i = 0; i < NEED_COUNT; i++)
        if (!findings[i].present && needs[i].package)
            findings[i].detail[0] = '\0'; /* half a search is no detail */
    if (as_json)
        print_json(findings);
    else
        print(findings);
    return is_ready(findings) ? EXIT_OK : EXIT_HELPER_MISSING;
}

const struct command command_doctor = {
    .name = "doctor",
    .arguments = "",
    .summary = "say what is missing on this machine, and how to install it",
    .examples = "imgtool doctor\n"
                "imgtool doctor --json",
    .options = options,
    .run = run,
};
