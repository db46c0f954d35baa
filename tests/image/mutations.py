"""One damage for each structure that boot depends on: (name, what does it, the structure that verify must name first).

Judges: "fsck" and "sgdisk" mark damages that these programs see too.
"""

from disk import SECTOR


def config_of(d):
    return d.find_content("STAGEC~1CON")


def efi(d):
    return d.find_content("EFI        ")


def efi_boot(d):
    return d.find_content("BOOT       ", efi(d))


def loader(d):
    return d.find_content("BOOTX64 EFI", efi_boot(d))


def kernel(d):
    return d.find_content("KERNEL  ELF")


def kernel_cluster(d):
    return d.first_cluster(d.find("KERNEL  ELF"))


def end_of_chain(d):
    return 0x0FFFFFFF if d.wide else 0xFFFF


def free_cluster(d):
    return (d.table_size // d.entry_size()) // 2


def flip(where):
    return lambda d: d.flip(where(d))


def put(where, size, value):
    return lambda d: d.put(where(d), size, value(d) if callable(value) else value)


def chain(number, value):
    return lambda d: d.put_chain(number(d), value(d))


def one_less_free(d):
    if d.wide:
        d.put(d.volume + SECTOR + 488, 4, d.get(d.volume + SECTOR + 488, 4) - 1)


def replace(where, text):
    def apply(d):
        at = where(d)
        d.write(at, text)

    return apply


def both(*steps):
    def apply(d):
        for step in steps:
            step(d)

    return apply


def backup_entries(d):
    return d.get(d.last + 72, 8) * SECTOR


PRIMARY = SECTOR  # of the header

BOTH_TABLES = [
    ("mbr-signature", flip(lambda d: 510), "MBR"),
    ("stage1-code", flip(lambda d: 0x60), "stage 1"),
    ("stage1-jump", flip(lambda d: 0), "stage 1"),
    ("stage1-absent", replace(lambda d: 0, bytes(440)), "stage 1"),
    ("stage1-lba", put(lambda d: 424, 8, 1 << 40), "stage 1"),
    ("stage1-lba-near", lambda d: d.put(424, 8, d.get(424, 8) + 1), "stages"),
    ("stage1-sectors", put(lambda d: 436, 2, 0), "stage 1"),
    ("stage1-sectors-near", lambda d: d.put(436, 2, d.get(436, 2) - 1), "stages"),
    ("stage1-id", flip(lambda d: 432), "stages"),
    ("stage1-overlay", put(lambda d: 438, 2, 0xFFFF), "stage 1"),
    ("stage1-overlay-near", lambda d: d.put(438, 2, d.get(438, 2) - 1), "stages"),
    ("stages-magic", flip(lambda d: d.stages), "stages"),
    ("stages-id", flip(lambda d: d.stages + 8), "stages"),
    ("stages-size", flip(lambda d: d.stages + 12), "stages"),
    ("stages-sum", flip(lambda d: d.stages + 16), "stages"),
    ("stages-format", flip(lambda d: d.stages + 20), "stages"),
    ("stages-packed-size", flip(lambda d: d.stages + 34), "stages"),
    ("stages-overlay-packed-size", flip(lambda d: d.stages + 37), "stages"),
    ("stages-overlay-size", flip(lambda d: d.stages + 40), "stages"),
    ("stages-overlay-sum", flip(lambda d: d.stages + 44), "stages"),
    ("stages-overlay", flip(lambda d: d.overlay + 5000), "stages"),
    ("stages-reserved", flip(lambda d: d.stages + 24), "stages"),
    ("stages-code", flip(lambda d: d.stages + 5000), "stages"),
    ("stages-last-byte", flip(lambda d: d.stages + d.stages_size - 1), "stages"),
    ("bpb-signature", flip(lambda d: d.volume + 510), "FAT boot sector"),
    ("bpb-jump", replace(lambda d: d.volume, bytes(3)), "FAT boot sector"),
    ("bpb-sector-size", put(lambda d: d.volume + 11, 2, 513), "FAT boot sector", "fsck"),
    ("bpb-cluster-size", put(lambda d: d.volume + 13, 1, 3), "FAT boot sector", "fsck"),
    ("bpb-reserved", put(lambda d: d.volume + 14, 2, 0), "FAT boot sector", "fsck"),
    ("bpb-tables", put(lambda d: d.volume + 16, 1, 0), "FAT boot sector", "fsck"),
    ("bpb-media", put(lambda d: d.volume + 21, 1, 0x12), "FAT boot sector"),
    ("bpb-hidden", flip(lambda d: d.volume + 28), "FAT boot sector"),
    ("fat-media", put(lambda d: d.table, 1, 0x12), "FAT"),
    ("second-fat", lambda d: d.put(d.chain(free_cluster(d)) + d.table_size, d.entry_size(), 5), "second FAT", "fsck"),
    ("chain-circle", chain(kernel_cluster, kernel_cluster), "FAT chain", "fsck"),
    ("chain-bad-cluster", chain(kernel_cluster, lambda d: end_of_chain(d) - 8), "FAT chain", "fsck"),
    ("chain-outside", chain(kernel_cluster, lambda d: end_of_chain(d) - 16), "FAT chain", "fsck"),
    ("chain-to-free", chain(kernel_cluster, free_cluster), "FAT chain", "fsck"),
    ("chain-short", chain(kernel_cluster, end_of_chain), "directory entry", "fsck"),
    ("chain-crossed", chain(kernel_cluster, lambda d: d.first_cluster(d.find("STAGEC~1CON"))), "FAT chain", "fsck"),
    ("entry-crossed", put(lambda d: d.find("STAGEC~1CON") + 26, 2, kernel_cluster), "directory entry", "fsck"),
    ("lost-cluster", both(chain(free_cluster, end_of_chain), one_less_free), "FAT", "fsck"),
    ("entry-cluster", put(lambda d: d.find("KERNEL  ELF") + 26, 2, 1), "directory entry", "fsck"),
    ("entry-size", put(lambda d: d.find("KERNEL  ELF") + 28, 4, 5), "directory entry", "fsck"),
    ("entry-attributes", put(lambda d: d.find("KERNEL  ELF") + 11, 1, 0xC0), "directory entry"),
    ("entry-name", put(lambda d: d.find("KERNEL  ELF"), 1, ord("*")), "directory entry", "fsck"),
    ("long-name", lambda d: d.flip(d.find("STAGEC~1CON") - 32 + 13), "directory entry"),
    ("entry-twin", lambda d: replace(lambda _: d.find("STAGEC~1CON"), b"KERNEL  ELF")(d), "directory entry", "fsck"),
    ("dot", put(lambda d: efi(d) + 26, 2, 7), "directory", "fsck"),
    ("dot-dot", put(lambda d: efi_boot(d) + 32 + 26, 2, 7), "directory", "fsck"),
    ("dot-name", flip(efi), "directory"),
    ("directory-cluster", lambda d: d.put(d.find("EFI        ") + 26, 2, 0), "directory entry", "fsck"),
    ("directory-size", put(lambda d: d.find("EFI        ") + 28, 4, 9), "directory entry", "fsck"),
    ("config-syntax", replace(config_of, b"kernel relat"), "configuration"),
    ("config-encoding", put(config_of, 1, 0xFF), "configuration"),
    ("config-path", replace(config_of, b"kernel /karnel"), "kernel"),
    ("kernel-magic", flip(kernel), "kernel"),
    ("kernel-machine", flip(lambda d: kernel(d) + 18), "kernel"),
    ("kernel-entry", flip(lambda d: kernel(d) + 29), "kernel"),
    ("kernel-segments", put(lambda d: kernel(d) + 56, 2, 0), "kernel"),
    ("ramdisk-gone", replace(lambda d: d.bytes.find(b"ramdisk /ramdisk"), b"ramdisk /rimdisk"), "ramdisk"),
    ("uefi-gone", put(lambda d: d.find("BOOTX64 EFI", efi_boot(d)), 1, ord("Q")), "/EFI/BOOT/BOOTX64.EFI"),
    ("uefi-dos-magic", flip(loader), "/EFI/BOOT/BOOTX64.EFI"),
    ("uefi-signature", lambda d: d.flip(loader(d) + d.get(loader(d) + 60, 4)), "/EFI/BOOT/BOOTX64.EFI"),
    ("uefi-machine", lambda d: d.flip(loader(d) + d.get(loader(d) + 60, 4) + 4), "/EFI/BOOT/BOOTX64.EFI"),
    ("uefi-code", flip(lambda d: loader(d) + 0x2000), "/EFI/BOOT/BOOTX64.EFI"),
]

GPT = [
    ("protective-lba", put(lambda d: 454, 4, 2), "protective MBR entry"),
    ("protective-size", put(lambda d: 458, 4, 5), "protective MBR entry"),
    ("protective-status", put(lambda d: 446, 1, 5), "protective MBR entry"),
    ("gpt-signature", flip(lambda d: PRIMARY), "primary GPT header", "sgdisk"),
    ("gpt-header-byte", flip(lambda d: PRIMARY + 60), "primary GPT header", "sgdisk"),
    ("gpt-header-crc", flip(lambda d: PRIMARY + 16), "primary GPT header", "sgdisk"),
    ("gpt-header-size", put(lambda d: PRIMARY + 12, 4, 4000), "primary GPT header"),
    ("gpt-my-lba", both(put(lambda d: PRIMARY + 24, 8, 7), lambda d: d.repair_header_crc(PRIMARY)),
     "primary GPT header", "sgdisk"),
    ("gpt-alternate", both(put(lambda d: PRIMARY + 32, 8, 70), lambda d: d.repair_header_crc(PRIMARY)),
     "backup GPT header", "sgdisk"),
    ("gpt-usable", both(put(lambda d: PRIMARY + 48, 8, 1 << 40), lambda d: d.repair_header_crc(PRIMARY)),
     "primary GPT header"),
    ("gpt-entries-lba", both(put(lambda d: PRIMARY + 72, 8, 1 << 40), lambda d: d.repair_header_crc(PRIMARY)),
     "primary GPT header"),
    ("gpt-entry", flip(lambda d: d.esp_entry + 33), "primary GPT entries", "sgdisk"),
    ("gpt-disk-guid", both(flip(lambda d: PRIMARY + 56), lambda d: d.repair_header_crc(PRIMARY)), "backup GPT header"),
    ("gpt-entries-differ", both(flip(lambda d: d.esp_entry + 16), lambda d: d.repair_gpt(PRIMARY)),
     "backup GPT entries"),
    ("gpt-no-esp", both(flip(lambda d: d.esp_entry), lambda d: d.repair_gpt(PRIMARY)), "backup GPT entries"),
    ("gpt-overlap", both(put(lambda d: d.esp_entry + 32, 8, 40), lambda d: d.repair_gpt(PRIMARY)),
     "backup GPT entries"),
    ("backup-signature", flip(lambda d: d.last), "backup GPT header", "sgdisk"),
    ("backup-header-byte", flip(lambda d: d.last + 60), "backup GPT header", "sgdisk"),
    ("backup-entry", flip(lambda d: backup_entries(d) + 16), "backup GPT entries", "sgdisk"),
    ("backup-alternate", both(put(lambda d: d.last + 32, 8, 9), lambda d: d.repair_header_crc(d.last)),
     "backup GPT header"),
    ("truncated", lambda d: d.truncate(d.last), "protective MBR entry", "sgdisk"),
]  # fmt: skip

MBR = [
    ("mbr-type", put(lambda d: 450, 1, 0x83), "partition table"),
    ("mbr-status", put(lambda d: 446, 1, 3), "MBR"),
    ("mbr-start", put(lambda d: 454, 4, 0), "MBR"),
    ("mbr-length", put(lambda d: 458, 4, 0xFFFFFF), "MBR"),
]

FAT32 = [
    ("backup-boot-sector", flip(lambda d: d.volume + 6 * SECTOR + 100), "FAT backup boot sector"),
    ("bpb-byte", flip(lambda d: d.volume + 25), "FAT backup boot sector"),
    ("bpb-root", put(lambda d: d.volume + 44, 4, 1), "FAT boot sector", "fsck"),
    ("bpb-version", put(lambda d: d.volume + 42, 2, 1), "FAT boot sector"),
    ("bpb-info", put(lambda d: d.volume + 48, 2, 0), "FAT boot sector"),
    ("info-signature", flip(lambda d: d.volume + SECTOR), "FSInfo"),
    ("info-free", flip(lambda d: d.volume + SECTOR + 488), "FSInfo", "fsck"),
    ("info-next", put(lambda d: d.volume + SECTOR + 492, 4, 1), "FSInfo"),
    ("fat-not-closed", chain(lambda d: 1, lambda d: 0x07FFFFFF), "FAT", "fsck"),
]  # fmt: skip
