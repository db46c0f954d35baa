"""What the benchmark boots: each method is one suite of comparisons."""

import machines

KIB, MIB = 1 << 10, 1 << 20
SMALL = 64 * KIB
ENTRY, ADDRESSES, FILES, TABLES, JUMP = 1, 6, 7, 8, 10  # enum boot_phase
PHASES = {2: "loader", 3: "configuration", 4: "kernel headers", 5: "video", 6: "addresses", 7: "files", 8: "page tables",
          9: "leaving the firmware", 10: "jump"}  # fmt: skip
SLOW_STICK = {"virtual": False, "drive": ",throttling.iops-read=1000,throttling.bps-read=30000000"}
STICK_BYTES = 30e6  # a second
DISKS = {"bios": ["ahci", "ide", "virtio", "usb"], "uefi": ["ahci", "virtio", "nvme"]}


class Boots:
    def __init__(self, quick, images, machine, table):
        self.quick, self.images, self.machine, self.table = quick, images, machine, table
        self.phases, self.compression, self.starts, self.last = {}, {}, {}, {}

    # --- one boot each -------------------------------------------------------------------------------------------------

    def floor_times(self, size, firmware, disk="ahci"):
        image = self.images.floor_bios(size) if firmware == "bios" else self.images.floor_uefi(size)
        return machines.hex_times(self.machine.boot(image, firmware, disk), "floor")

    def floor(self, size, firmware, disk="ahci"):
        times = self.floor_times(size, firmware, disk)
        return times[-1] - times[0]

    def least(self, firmware):
        """All that a loader can't do without on UEFI: finding and reading one file, and leaving the firmware."""
        said = self.machine.boot(self.images.floor_uefi(SMALL), firmware)
        return machines.hex_times(said, "left")[0] - machines.hex_times(said, "floor")[0]

    def own(self, image, firmware, disk="ahci", **options):
        return machines.own_times(self.machine.boot(image, firmware, disk, **options))

    def own_total(self, image, firmware, disk="ahci", **options):
        self.last = self.own(image, firmware, disk, **options)
        return self.last["kernel"] - self.last[ENTRY]

    def own_files(self, image, firmware, disk="ahci"):
        times = self.own(image, firmware, disk)
        return times[FILES] - times[ADDRESSES]

    def grub(self, image, firmware):
        """All that GRUB adds: from the moment when the firmware starts it."""
        if firmware not in self.starts:
            self.starts[firmware] = self.floor_times(SMALL, firmware)[0]
        return machines.hex_times(self.machine.boot(image, firmware), "grub")[0] - self.starts[firmware]

    def wall(self, image):
        self.machine.boot(image, **SLOW_STICK)
        return self.machine.wall_ms

    def small_image(self):
        return self.images.own("small", self.images.kernel(SMALL))

    # --- suites --------------------------------------------------------------------------------------------------------

    def small(self):
        image, grub = self.small_image(), self.images.grub("small", SMALL)
        for firmware in ("bios", "uefi"):
            contestants = [("stagecoach", lambda: self.own_total(image, firmware)), ("grub", lambda: self.grub(grub, firmware))]
            if firmware == "uefi":
                contestants.append(("firmware", lambda: self.least(firmware)))
            self.table.compare("small", firmware, "ms added", contestants)
            ends = [self.last[phase] for phase in [ENTRY, *PHASES] if phase in self.last]
            self.phases[firmware] = [(name, b - a) for name, a, b in zip(PHASES.values(), ends, ends[1:], strict=False)]
            self.table.compare("mode change", firmware, "ms added", [
                ("stagecoach", lambda: self.own_total(image, firmware, extra=["-device", "VGA"])),
            ], 1)  # fmt: skip

    def direct(self):
        loader = self.images.direct()
        def added():
            times = machines.own_times(self.machine.direct(loader))
            return times["kernel"] - times[ENTRY]
        self.table.compare("direct", "microvm, PVH", "ms added", [("stagecoach", added)])

    def bulk(self):
        for firmware, kinds in DISKS.items():
            for disk in kinds:
                sizes = [8 * MIB] if self.quick else [64 * MIB]
                if disk == "ahci" and not self.quick:
                    sizes = [8 * MIB, 64 * MIB, 256 * MIB]
                for size in sizes:
                    self.bulk_case(firmware, disk, size)

    def bulk_case(self, firmware, disk, size):
        case = f"{firmware} {disk} {size // MIB} MiB"
        image = self.images.own(f"bulk-{size}", self.images.kernel(size))
        contestants = [("firmware", lambda: self.floor(size, firmware, disk)),
                       ("stagecoach", lambda: self.own_files(image, firmware, disk))]  # fmt: skip
        if disk == "ahci" and size >= 8 * MIB:
            ramdisk = self.images.own(f"ramdisk-{size}", self.images.kernel(SMALL), "--ramdisk", self.images.payload(size))
            contestants.append(("ramdisk", lambda: self.own_files(ramdisk, firmware)))
        self.table.compare("bulk", case, "ms", contestants)
        if disk == "ahci" and size <= 64 * MIB:
            grub = self.images.grub(f"bulk-{size}", size)
            self.table.compare("bulk", case, "ms", [("grub (all)", lambda: self.grub(grub, firmware))], 1)

    def slow_stick(self):
        size = 8 * MIB if self.quick else 64 * MIB
        floor, image = self.images.floor_bios(size), self.images.own(f"bulk-{size}", self.images.kernel(size))
        self.table.compare("slow stick", f"bios ahci {size // MIB} MiB", "host ms",
                           [("firmware", lambda: self.wall(floor)), ("stagecoach", lambda: self.wall(image))])  # fmt: skip

    def fragmented(self):
        size = 8 * MIB if self.quick else 64 * MIB
        case = f"ahci {size // MIB} MiB"
        whole, pieces = self.images.fragmented(size, 256 * KIB)
        for firmware in ("bios", "uefi"):
            self.table.compare("fragments", f"{firmware} {case}", "ms", [
                ("in one piece", lambda: self.own_files(whole, firmware)),
                ("of 256 KiB", lambda: self.own_files(pieces, firmware)),
            ])  # fmt: skip
        whole, pieces = self.images.floor_fragmented(size, 256 * KIB)
        self.table.compare("fragments", f"uefi {case}, one Read", "ms", [
            ("in one piece", lambda: self.read_by_firmware(whole)),
            ("of 256 KiB", lambda: self.read_by_firmware(pieces)),
        ])  # fmt: skip

    def read_by_firmware(self, image):
        times = machines.hex_times(self.machine.boot(image, "uefi"), "floor")
        return times[-1] - times[0]

    def debug_info(self):
        size = 20 * MIB if self.quick else 200 * MIB
        stripped, image = self.small_image(), self.images.own("debug", self.images.with_debug_info(size))
        for firmware in ("bios", "uefi"):
            self.table.compare("debug info", f"{firmware} {size // MIB} MiB of it", "ms added", [
                ("stripped", lambda: self.own_total(stripped, firmware)),
                ("with", lambda: self.own_total(image, firmware)),
            ])  # fmt: skip

    def memory(self):
        image = self.small_image()

        def tables(memory):
            times = self.own(image, "bios", memory=memory)
            return times[TABLES] - times[FILES]

        self.table.compare("page tables", "bios", "ms", [("1 GiB", lambda: tables("1G")), ("6 GiB", lambda: tables("6G"))])

    def compressed(self):
        """A ramdisk of programs, as it is and packed: what unpacking costs in virtual time, what it saves on a slow stick."""
        size = 8 * MIB if self.quick else 32 * MIB
        ramdisk, case = self.images.programs(size), f"ramdisk {size // MIB} MiB"
        images = {"plain": self.images.own("plain", self.images.kernel(SMALL), "--ramdisk", ramdisk)}
        for method in ("lz4", "zstd"):
            images[method] = self.images.own(method, self.images.kernel(SMALL), "--compress", method, "--ramdisk", ramdisk)
        self.table.compare("compressed", case, "ms", [(who, lambda image=image: self.own_files(image, "bios"))
                                                      for who, image in images.items()])  # fmt: skip
        self.table.compare("compressed", f"slow stick, {case}", "host ms",
                           [(who, lambda image=image: self.wall(image)) for who, image in images.items()])  # fmt: skip
        read = {who: self.bytes_read(image) for who, image in images.items()}
        cost = {row["who"]: row["min"] for row in self.table.rows if (row["suite"], row["case"]) == ("compressed", case)}
        for who in ("lz4", "zstd"):
            saved, more = read["plain"] - read[who], (cost[who] - cost["plain"]) / 1000
            self.compression[who] = {"bytes": read[who], "of": read["plain"], "seconds more": round(more, 4),
                                     "break-even MB/s": round(saved / more / 1e6, 1) if more > 0 else None}  # fmt: skip
            self.table.add("break-even", case, who, "MB/s", [self.compression[who]["break-even MB/s"] or 0])

    def bytes_read(self, image):
        return machines.bytes_read(self.machine.boot(image))
