"""A machine that stands still just before the loader starts, and goes on from there as often as one likes.

The firmware comes up once: chaos.efi or the floppy disk of chaos.asm, told to "pause", has the loader in its hands when it
writes to QEMU's pvpanic device, which stops the machine. That state is saved in QEMU; each boot restores it. The loader is
the one of the image, not a byte of it is changed, and it finds a machine as it was after power on.

While the state was saved, the kernel's place on the disk held nothing but zeros: a firmware that had read, and kept, a part
of it would show in the first boot of the kernel as it should be.
"""

import re
import subprocess

import damage
import machine
import monitor

KERNEL_PATH = "kernel.elf"
LOADER_PATH = "EFI/BOOT/BOOTX64.EFI"
# Firmware reads and keeps up to 64 KiB around what it was asked for; directories and programs are that far away.
DISTANCE = 256 << 10
POLL_SECONDS = 0.005
END = re.compile(rb"starting the kernel|BOOT-ERR [^\n]*\n")


class PausedMachine:
    """A kernel inside an image, and a machine that boots it again and again."""

    def __init__(self, firmware, imgtool, kernel, chaos_efi, directory):
        self.directory = directory
        self.kernel = kernel.read_bytes()
        self.image = damage.Image(directory / f"{kernel.stem}.img", kernel, None)
        machine.build_image(imgtool, kernel, self.image.path)
        self.prepare_uefi(chaos_efi)
        self.start = self.image.find(self.kernel)
        self.image.write(self.start, bytes(len(self.kernel)))
        self.output = directory / "e9.log"
        self.process = None
        try:
            self.bring_up(firmware)
        except BaseException:
            self.close()
            raise
        self.image.write(self.start, self.kernel)

    def prepare_uefi(self, chaos_efi):
        """chaos.efi takes the loader's place; the kernel goes where nothing else is near."""
        loader = self.directory / "loader.efi"
        loader.unlink(missing_ok=True)
        self.image.mtools("mcopy", (f"::{LOADER_PATH}", str(loader)))
        # So that it is found in its new place. Where it is now it may lie in two pieces.
        self.image.write(self.image.find(self.kernel[: damage.SECTOR]), bytes(damage.SECTOR))
        self.image.delete(KERNEL_PATH)
        self.image.put("EFI/BOOT/LOADER.EFI", loader.read_bytes())
        self.image.put(LOADER_PATH, chaos_efi.read_bytes())
        self.image.put("chaos.txt", b"pause")
        self.image.put("distance", bytes(DISTANCE))
        self.image.put(KERNEL_PATH, self.kernel)

    def firmware_options(self, firmware):
        if firmware == "bios":
            floppy = machine.build_floppy(["PAUSE"], self.directory)
            return ["-drive", f"file={floppy},format=raw,if=floppy,readonly=on", "-boot", "a"]
        code = machine.need(machine.OVMF_CODE, "ovmf")
        variables = self.directory / "vars.qcow2"
        subprocess.run([machine.need("qemu-img", "qemu-utils"), "convert", "-O", "qcow2", machine.OVMF_VARS, variables], check=True)
        return ["-drive", f"if=pflash,format=raw,readonly=on,file={code}",
                "-drive", f"if=pflash,format=qcow2,file={variables}"]  # fmt: skip

    def bring_up(self, firmware):
        qemu = machine.need("qemu-system-x86_64", "qemu-system-x86")
        control, state = (self.directory / name for name in ("control", "state.qcow2"))
        subprocess.run([machine.need("qemu-img", "qemu-utils"), "create", "-q", "-f", "qcow2", state, "1M"], check=True)
        command = [qemu, "-accel", "tcg", "-M", "pc", "-m", "128", "-display", "none", "-vga", "none", "-monitor", "none",
                   "-serial", "none", "-net", "none", "-action", "panic=pause", "-device", "pvpanic",
                   "-chardev", f"file,id=e9,path={self.output},append=on", "-device", "isa-debugcon,iobase=0xe9,chardev=e9",
                   "-drive", f"if=none,id=state,format=qcow2,file={state}",
                   "-drive", f"if=none,id=disk,format=raw,readonly=on,file={self.image.path}",
                   "-device", "virtio-blk-pci,drive=disk", "-qmp", f"unix:{control},server=on,wait=off",
                   *self.firmware_options(firmware)]  # fmt: skip
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.monitor = monitor.Monitor(control)
        monitor.wait_for(lambda: self.monitor.execute("query-status")["status"] == "guest-panicked", "the pause")
        self.command("savevm paused")

    def command(self, line):
        said = self.monitor.execute("human-monitor-command", **{"command-line": line})
        if said:
            raise RuntimeError(f"{line}: {said}")

    def boot_with(self, offset, byte):
        """What port E9 says until the loader refuses the kernel or starts it; one byte of the kernel is another one."""
        self.image.write(self.start + offset, bytes([byte]))
        try:
            return self.boot()
        finally:
            self.image.write(self.start + offset, self.kernel[offset : offset + 1])

    def boot(self):
        self.command("loadvm paused")
        self.output.write_bytes(b"")  # the rest of the last boot: a machine that stands still has written all
        self.monitor.execute("cont")
        try:
            monitor.wait_for(lambda: END.search(self.output.read_bytes()), "a verdict", POLL_SECONDS)
        except TimeoutError:
            pass
        self.monitor.execute("stop")
        return machine.text_of(self.output)

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
