#include "cmocka_all.h"

#include <qemu.h>

#include <string.h>

static const struct qemu_options plain = {
    .program = "/usr/bin/qemu-system-x86_64",
    .image = "/tmp/disk.img",
    .machine = "q35",
    .disk = "ahci",
    .accel = "tcg",
    .cpus = 1,
    .qmp_fd = 3,
    .exit_fd = 4,
    .e9_fd = 5,
    .serial_fd = 6,
};

/* All arguments in one text, each followed by a line feed. */
static const char *joined(const struct qemu_options *options)
{
    static char text[8192];
    struct arguments arguments = {0};
    qemu_arguments(options, &arguments);
    text[0] = '\0';
    for (size_t i = 0; i < arguments.count; i++) {
        strcat(text, arguments.items[i]);
        strcat(text, "\n");
    }
    assert_null(arguments.items[arguments.count]);
    arguments_free(&arguments);
    return text;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("'%s' is in:\n%s", part, text);
}

static void the_image_is_safe(void **state)
{
    (void)state;
    assert_has(joined(&plain), "-drive\nif=none,id=boot,snapshot=on,format=raw,file=/tmp/disk.img\n");
    struct qemu_options options = plain;
    options.image = "/tmp/a,b,,c.img";
    assert_has(joined(&options), "file=/tmp/a,,b,,,,c.img\n");
}

static void every_disk_has_its_controller(void **state)
{
    (void)state;
    static const struct {
        const char *machine, *disk, *part, *absent;
    } cases[] = {
        {"pc", "ide", "ide-hd,bus=ide.0,", "ahci"},
        {"q35", "ahci", "ide-hd,bus=ide.0,", "ich9-ahci"},
        {"pc", "ahci", "ich9-ahci,id=boot-ahci\n-device\nide-hd,bus=boot-ahci.0,", "bus=ide.0"},
        {"q35", "virtio", "virtio-blk-pci,", "ide-hd"},
        {"q35", "nvme", "nvme,serial=", "ide-hd"},
        {"q35", "usb", "qemu-xhci,id=boot-usb\n-device\nusb-storage,", "ide-hd"},
        {"pc", "scsi", "virtio-scsi-pci,id=boot-scsi\n-device\nscsi-hd,", "ide-hd"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct qemu_options options = plain;
        options.machine = cases[i].machine;
        options.disk = cases[i].disk;
        assert_null(qemu_disk_problem(cases[i].machine, cases[i].disk));
        const char *text = joined(&options);
        assert_has(text, cases[i].part);
        assert_has(text, "drive=boot,bootindex=0\n");
        assert_lacks(text, cases[i].absent);
    }
}

static void refuses_what_does_not_exist(void **state)
{
    (void)state;
    assert_non_null(qemu_disk_problem("q35", "ide"));
    assert_non_null(qemu_disk_problem("q35", "tape"));
    assert_non_null(qemu_disk_problem("isapc", "ide"));
    assert_string_equal(qemu_default_machine("ide"), "pc");
    assert_string_equal(qemu_default_machine("nvme"), "q35");
}

static void firmware_is_read_only(void **state)
{
    (void)state;
    assert_lacks(joined(&plain), "pflash");
    struct qemu_options options = plain;
    options.ovmf_code = "/usr/share/OVMF/OVMF_CODE_4M.fd";
    options.ovmf_vars = "/tmp/x/variables.fd";
    const char *text = joined(&options);
    assert_has(text, "if=pflash,unit=0,readonly=on,format=raw,file=/usr/share/OVMF/OVMF_CODE_4M.fd\n");
    assert_has(text, "if=pflash,unit=1,format=raw,file=/tmp/x/variables.fd\n");
}

static void ends_are_seen(void **state)
{
    (void)state;
    const char *text = joined(&plain);
    assert_has(text, "-no-reboot\n-no-shutdown\n");
    assert_has(text, "isa-serial,index=3,chardev=exit,iobase=0xf4,irq=3\n");
    assert_has(text, "isa-debugcon,chardev=e9,iobase=0xe9\n");
    assert_has(text, "socket,id=qmp,fd=3\n");
    assert_has(text, "-device\nisa-serial,index=0,chardev=serial\n");
    struct qemu_options options = plain;
    options.serial_fd = -1;
    text = joined(&options);
    assert_has(text, "-serial\nnone\n");
    assert_lacks(text, "chardev=serial");
}

static void passes_wishes_on(void **state)
{
    (void)state;
    static const char *const extra[] = {"-d", "int,cpu_reset", NULL};
    struct qemu_options options = plain;
    assert_has(joined(&options), "-display\nnone\n");
    assert_lacks(joined(&options), "\n-cpu\n");
    options.cpu = "max,-pdpe1gb";
    options.memory = "6G";
    options.vga = "qxl";
    options.cpus = 4;
    options.gdb = true;
    options.gui = true;
    options.extra = extra;
    const char *text = joined(&options);
    assert_has(text, "-cpu\nmax,-pdpe1gb\n");
    assert_has(text, "-m\n6G\n");
    assert_has(text, "-vga\nqxl\n");
    assert_has(text, "-smp\n4\n");
    assert_has(text, "-s\n-S\n");
    assert_lacks(text, "-display");
    assert_string_equal(strstr(text, "-d\n"), "-d\nint,cpu_reset\n"); /* last, so that the user wins */
}

/* What is started directly is no disk. */
static void a_direct_start_has_no_disk(void **state)
{
    (void)state;
    struct qemu_options options = plain;
    options.direct = true;
    options.image = "/tmp/os.elf";
    options.machine = "microvm";
    const char *text = joined(&options);
    assert_has(text, "-kernel\n/tmp/os.elf\n");
    assert_has(text, "-machine\nmicrovm\n");
    assert_lacks(text, "-drive");
    assert_lacks(text, "drive=boot");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_image_is_safe),
        cmocka_unit_test(every_disk_has_its_controller),
        cmocka_unit_test(refuses_what_does_not_exist),
        cmocka_unit_test(firmware_is_read_only),
        cmocka_unit_test(ends_are_seen),
        cmocka_unit_test(passes_wishes_on),
        cmocka_unit_test(a_direct_start_has_no_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
