"""How long imgtool takes for an image, beside cp and what else makes images of one file."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machines

KIB, MIB = 1 << 10, 1 << 20
SMALL = 64 * KIB
# In a process of its own: what a child is said to have used at most begins with what its parent has.
MEASURE = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); " \
          "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"  # fmt: skip


class Builders:
    def __init__(self, images, table):
        self.images, self.table, self.absent = images, table, set()
        self.target = images.path("built.img")
        self.kernel = images.kernel(SMALL)

    def clock(self, function, much=True):
        """much: of what the one before left to be written to the disk, which would slow down the next."""

        def measured():
            self.target.unlink(missing_ok=True)
            if much:
                os.sync()
            start = time.monotonic()
            function()
            return (time.monotonic() - start) * 1000

        return measured

    def imgtool(self, *options):
        machines.run(self.images.imgtool, "build-image", "--quiet", "-o", self.target, *options, self.kernel)

    def compare(self, case, ramdisk, rounds):
        contestants = [("imgtool", lambda: self.imgtool(*(["--ramdisk", ramdisk] if ramdisk else []))), *self.others(ramdisk)]
        if not ramdisk:
            self.absent = {who for who, function in contestants if not self.works(case, who, function)}
        usable = [(who, self.clock(function, bool(ramdisk))) for who, function in contestants if who not in self.absent]
        self.table.compare("build", case, "host ms", usable, rounds)
        self.target.unlink(missing_ok=True)

    def beside_cp(self, case, ramdisk, rounds):
        """More often than the others, which take longer."""
        contestants = [("cp", lambda: machines.run("cp", ramdisk, self.target)),
                       ("imgtool", lambda: self.imgtool("--ramdisk", ramdisk))]  # fmt: skip
        self.table.compare("build", f"{case}, beside cp", "host ms", [(who, self.clock(do)) for who, do in contestants], rounds)

    def works(self, case, who, function):
        """Tells if a program is missing or can't do it; of small images, for it takes as long as measuring."""
        self.target.unlink(missing_ok=True)
        try:
            function()
        except (subprocess.CalledProcessError, FileNotFoundError) as problem:
            print(f"{'build':12} {case:30} {who:16} failed: {problem} {getattr(problem, 'stderr', '')}", flush=True)
            return False
        return True

    def memory(self, case, ramdisk):
        """The peak of imgtool's memory."""
        command = [self.images.imgtool, "build-image", "--quiet", "--force", "-o", self.target, "--ramdisk", ramdisk,
                   self.kernel]  # fmt: skip
        kib = machines.run(sys.executable, "-c", MEASURE, *command)
        self.table.add("build memory", case, "imgtool", "MiB", [int(kib) / 1024])
        self.target.unlink()

    def others(self, ramdisk):
        tree = Path(tempfile.mkdtemp(dir=self.images.directory))
        os.link(self.kernel, tree / "kernel.elf")
        if ramdisk:
            os.link(ramdisk, tree / "ramdisk")
        room = (ramdisk.stat().st_size if ramdisk else 0) // MIB + 40
        return [
            ("grub-mkrescue", lambda: machines.run("grub-mkrescue", "-o", self.target, tree)),
            ("genimage", lambda: self.genimage(tree, room)),
            ("sgdisk + mtools", lambda: self.script(tree, room)),
        ]

    def genimage(self, tree, room):
        files = ", ".join(f'"{path.name}"' for path in sorted(tree.iterdir()))
        with tempfile.TemporaryDirectory(dir=self.images.directory) as name:
            config = Path(name) / "genimage.cfg"
            config.write_text(f"image esp.vfat {{ vfat {{ files = {{ {files} }} }} size = {room}M }}\n"
                              f'image {self.target.name} {{ hdimage {{ partition-table-type = "gpt" }}\n'
                              'partition esp { partition-type-uuid = "U" image = "esp.vfat" } }\n')  # fmt: skip
            machines.run("genimage", "--config", config, "--inputpath", tree, "--rootpath", tree, "--outputpath",
                         self.target.parent, "--tmppath", Path(name) / "tmp")  # fmt: skip

    def script(self, tree, room):
        machines.run("truncate", "-s", f"{room + 4}M", self.target)
        machines.run("sgdisk", "-n", f"1:2M:+{room}M", "-t", "1:ef00", self.target)
        volume = f"{self.target}@@2M"
        machines.run("mformat", "-i", volume, "-F", "-T", room * 2048, "::")
        machines.run("mcopy", "-i", volume, *sorted(tree.iterdir()), "::")
