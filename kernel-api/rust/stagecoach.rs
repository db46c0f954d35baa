// SPDX-License-Identifier: MIT
//! Stagecoach boot protocol, version 1, for kernels written in Rust: the structures of `<stagecoach/boot.h>` with the same
//! layout, and the two macros of a kernel. The meaning of each field is in the C header and in kernel-api/README.md.
//!
//! Take this file along as a module. It is `no_std`, needs no other crate, no nightly compiler and no linker script:
//!
//! ```ignore
//! #![no_std]
//! #![no_main]
//! mod stagecoach;
//! use stagecoach::{BootConfig, BootInfo, BOOT_ANYWHERE};
//!
//! stagecoach::boot_config!(BootConfig { kernel_stack_size: 64 * 1024, physical_memory: BOOT_ANYWHERE, ..BootConfig::new() });
//! stagecoach::boot_entry!(kernel_main);
//!
//! fn kernel_main(info: &'static mut BootInfo) -> ! {
//!     for region in info.memory_map() { /* ... */ }
//!     loop {}
//! }
//!
//! #[panic_handler]
//! fn panic(_: &core::panic::PanicInfo) -> ! {
//!     loop {}
//! }
//! ```
//!
//!     rustc --edition 2021 -O -C panic=abort -C no-redzone -C relocation-model=pie -C target-feature=+crt-static \
//!           -C link-arg=-nostartfiles -C link-arg=-nostdlib kernel.rs -o kernel.elf
//!
//! The compiler may call `memcpy`, `memmove`, `memset`, `memcmp`, `bcmp`, `strlen` and, from code that was compiled for unwinding,
//! `rust_eh_personality` and `_Unwind_Resume`: `boot_runtime!()` defines them all.
#![allow(dead_code, unused_imports, unused_macros)]

use core::ffi::{c_char, CStr};
use core::mem::{offset_of, size_of};

pub const BOOT_PROTOCOL_VERSION: u32 = 1;
pub const BOOT_INFO_MAGIC: u64 = 0x3148_434f_4347_5453;
pub const BOOT_NOTE_CONFIG: u32 = 1;

/// What the field's comment in boot.h says.
pub const BOOT_DEFAULT: u64 = 0;
/// The loader chooses inside the dynamic range.
pub const BOOT_ANYWHERE: u64 = 1;
/// Not mapped at all.
pub const BOOT_NOWHERE: u64 = 2;

/// Bits of `BootConfig::flags`.
pub const BOOT_CONFIG_ALLOW_WX: u64 = 1 << 0;
pub const BOOT_CONFIG_ASLR: u64 = 1 << 1;

/// What the kernel asks. `BootConfig::new()` takes every default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct BootConfig {
    pub size: u32,
    pub version: u32,
    pub flags: u64,
    pub kernel_stack_size: u64,
    pub kernel_stack: u64,
    pub kernel_base: u64,
    pub boot_info: u64,
    pub framebuffer: u64,
    pub physical_memory: u64,
    pub page_table_recursive: u64,
    pub ramdisk: u64,
    pub dynamic_range_start: u64,
    pub dynamic_range_end: u64,
    pub minimum_framebuffer_width: u32,
    pub minimum_framebuffer_height: u32,
    pub kernel_symbols: u64,
    pub kernel_file: u64,
}

impl BootConfig {
    pub const fn new() -> Self {
        BootConfig {
            size: size_of::<BootConfig>() as u32,
            version: BOOT_PROTOCOL_VERSION,
            flags: 0,
            kernel_stack_size: 0,
            kernel_stack: BOOT_DEFAULT,
            kernel_base: BOOT_DEFAULT,
            boot_info: BOOT_DEFAULT,
            framebuffer: BOOT_DEFAULT,
            physical_memory: BOOT_DEFAULT,
            page_table_recursive: BOOT_DEFAULT,
            ramdisk: BOOT_DEFAULT,
            dynamic_range_start: 0,
            dynamic_range_end: 0,
            minimum_framebuffer_width: 0,
            minimum_framebuffer_height: 0,
            kernel_symbols: BOOT_DEFAULT,
            kernel_file: BOOT_DEFAULT,
        }
    }
}

/// The ELF note that carries it; made by `boot_config!`.
#[repr(C, align(8))]
pub struct BootNote {
    name_size: u32,
    descriptor_size: u32,
    kind: u32,
    name: [u8; 12],
    config: BootConfig,
}

impl BootNote {
    pub const fn new(config: BootConfig) -> Self {
        BootNote {
            name_size: 11,
            descriptor_size: size_of::<BootConfig>() as u32,
            kind: BOOT_NOTE_CONFIG,
            name: *b"Stagecoach\0\0",
            config,
        }
    }
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct BootMemoryRegion {
    pub phys: u64,
    pub size: u64,
    /// One of the constants of `memory`; a newer loader may know more.
    pub kind: u32,
    pub firmware_type: u32,
}

/// Values of `BootMemoryRegion::kind`.
pub mod memory {
    pub const USABLE: u32 = 0;
    pub const LOADER_RECLAIMABLE: u32 = 1;
    pub const KERNEL: u32 = 2;
    pub const RAMDISK: u32 = 3;
    pub const MODULE: u32 = 4;
    pub const FRAMEBUFFER: u32 = 5;
    pub const ACPI_RECLAIMABLE: u32 = 6;
    pub const ACPI_NVS: u32 = 7;
    pub const EFI_RUNTIME_CODE: u32 = 8;
    pub const EFI_RUNTIME_DATA: u32 = 9;
    pub const RESERVED: u32 = 10;
    pub const MMIO: u32 = 11;
    pub const PERSISTENT: u32 = 12;
    pub const BAD: u32 = 13;
}

#[repr(C)]
pub struct BootFramebuffer {
    pub address: *mut u8,
    pub phys: u64,
    pub size: u64,
    pub width: u32,
    pub height: u32,
    pub pitch: u32,
    pub bits_per_pixel: u8,
    pub red_shift: u8,
    pub red_size: u8,
    pub green_shift: u8,
    pub green_size: u8,
    pub blue_shift: u8,
    pub blue_size: u8,
    pub reserved: [u8; 5],
    pub edid: *const u8,
    pub edid_size: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct BootSegment {
    pub address: u64,
    pub phys: u64,
    pub size: u64,
    /// ELF PF_X = 1, PF_W = 2, PF_R = 4.
    pub rights: u64,
}

#[repr(C)]
pub struct BootModule {
    pub address: *mut u8,
    pub phys: u64,
    pub size: u64,
    pub name: *const c_char,
    pub arguments: *const c_char,
}

#[repr(C)]
pub struct BootTls {
    pub address: *const u8,
    pub file_size: u64,
    pub memory_size: u64,
    pub alignment: u64,
}

/// An entry of the ELF file's symbol table.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct BootSymbol {
    pub name: u32,
    pub info: u8,
    pub other: u8,
    pub section: u16,
    pub value: u64,
    pub size: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct BootDisk {
    pub table: u32,
    pub bios_drive: u32,
    pub disk_guid: [u8; 16],
    pub partition_guid: [u8; 16],
    pub mbr_signature: u32,
    pub partition_number: u32,
    pub partition_lba: u64,
}

#[repr(C)]
pub struct BootEfi {
    pub system_table_phys: u64,
    pub memory_map: *mut u8,
    pub memory_map_phys: u64,
    pub memory_map_size: u64,
    pub descriptor_size: u32,
    pub descriptor_version: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct BootEvent {
    pub phase: u32,
    pub firmware_calls: u32,
    pub tsc: u64,
    pub bytes_read: u64,
}

/// What the kernel is given. Only ever appended to: `size` says how much of it the loader has filled in.
#[repr(C)]
pub struct BootInfo {
    pub magic: u64,
    pub size: u32,
    pub version: u32,
    pub loader: *const c_char,
    pub firmware: u32,
    pub boot_source: u32,
    pub command_line: *const c_char,
    pub command_line_size: u64,
    pub memory_map: *mut BootMemoryRegion,
    pub memory_map_count: u64,
    pub framebuffer: BootFramebuffer,
    pub rsdp_phys: u64,
    pub smbios_phys: u64,
    pub smbios32_phys: u64,
    pub efi: BootEfi,
    pub kernel_phys: u64,
    pub kernel_address: u64,
    pub kernel_size: u64,
    pub kernel_bias: u64,
    pub segments: *mut BootSegment,
    pub segment_count: u64,
    pub ramdisk: *mut u8,
    pub ramdisk_phys: u64,
    pub ramdisk_size: u64,
    pub modules: *mut BootModule,
    pub module_count: u64,
    pub tls: BootTls,
    pub stack_address: u64,
    pub stack_size: u64,
    pub physical_memory: u64,
    pub physical_memory_size: u64,
    pub recursive_slot: u32,
    pub reserved: u32,
    pub page_table_phys: u64,
    pub tsc_hz: u64,
    pub disk: BootDisk,
    pub log: *const c_char,
    pub log_size: u64,
    pub timeline: *mut BootEvent,
    pub timeline_count: u64,
    pub symbols: *const BootSymbol,
    pub symbol_count: u64,
    pub symbol_names: *const c_char,
    pub symbol_names_size: u64,
    pub kernel_file: *const u8,
    pub kernel_file_phys: u64,
    pub kernel_file_size: u64,
    /// Random bytes for the kernel's own generator: wipe them once used.
    pub seed: [u8; 32],
    /// How many bits of them can't be guessed, by a cautious count: 0 to 256.
    pub seed_bits: u32,
    pub seed_sources: u32,
}

impl BootInfo {
    pub fn memory_map(&self) -> &[BootMemoryRegion] {
        // SAFETY: the loader fills in `count` entries behind a non-null, aligned pointer.
        unsafe { core::slice::from_raw_parts(self.memory_map, self.memory_map_count as usize) }
    }

    pub fn segments(&self) -> &[BootSegment] {
        // SAFETY: as above; a kernel has at least one segment.
        unsafe { core::slice::from_raw_parts(self.segments, self.segment_count as usize) }
    }

    pub fn modules(&self) -> &[BootModule] {
        if self.module_count == 0 {
            return &[];
        }
        // SAFETY: as above.
        unsafe { core::slice::from_raw_parts(self.modules, self.module_count as usize) }
    }

    pub fn timeline(&self) -> &[BootEvent] {
        // SAFETY: as above; the boot has at least one event.
        unsafe { core::slice::from_raw_parts(self.timeline, self.timeline_count as usize) }
    }

    /// Empty if they were not asked for, or the file is stripped.
    pub fn symbols(&self) -> &[BootSymbol] {
        if self.symbols.is_null() {
            return &[];
        }
        // SAFETY: as above.
        unsafe { core::slice::from_raw_parts(self.symbols, self.symbol_count as usize) }
    }

    pub fn ramdisk(&self) -> Option<&[u8]> {
        if self.ramdisk.is_null() {
            return None;
        }
        // SAFETY: `ramdisk_size` bytes are mapped there.
        Some(unsafe { core::slice::from_raw_parts(self.ramdisk, self.ramdisk_size as usize) })
    }

    pub fn command_line(&self) -> &CStr {
        // SAFETY: never null, ends with a NUL.
        unsafe { CStr::from_ptr(self.command_line) }
    }

    pub fn log(&self) -> &CStr {
        // SAFETY: never null, ends with a NUL.
        unsafe { CStr::from_ptr(self.log) }
    }

    /// The pixels, if there is a framebuffer and it is mapped.
    pub fn pixels(&mut self) -> Option<&mut [u8]> {
        if self.framebuffer.address.is_null() {
            return None;
        }
        // SAFETY: `size` bytes are mapped there, and nobody else has them.
        Some(unsafe { core::slice::from_raw_parts_mut(self.framebuffer.address, self.framebuffer.size as usize) })
    }
}

// The numbers of boot.h.
const _: () = assert!(size_of::<BootConfig>() == 120);
const _: () = assert!(size_of::<BootNote>() == 24 + 120);
const _: () = assert!(offset_of!(BootNote, config) == 24);
const _: () = assert!(size_of::<BootMemoryRegion>() == 24);
const _: () = assert!(size_of::<BootFramebuffer>() == 64);
const _: () = assert!(size_of::<BootDisk>() == 56);
const _: () = assert!(offset_of!(BootInfo, framebuffer) == 64);
const _: () = assert!(offset_of!(BootInfo, efi) == 152);
const _: () = assert!(offset_of!(BootInfo, kernel_phys) == 192);
const _: () = assert!(offset_of!(BootInfo, tls) == 280);
const _: () = assert!(offset_of!(BootInfo, disk) == 368);
const _: () = assert!(offset_of!(BootInfo, timeline_count) == 448);
const _: () = assert!(offset_of!(BootInfo, kernel_file_size) == 504);
const _: () = assert!(size_of::<BootSymbol>() == 24);
const _: () = assert!(offset_of!(BootInfo, seed) == 512);
const _: () = assert!(size_of::<BootInfo>() == 552);

/// States the kernel's wishes, once per kernel.
macro_rules! boot_config {
    ($config:expr) => {
        #[used]
        #[link_section = ".note.stagecoach"]
        static BOOT_NOTE: $crate::stagecoach::BootNote = $crate::stagecoach::BootNote::new($config);
    };
}

/// Names the kernel's first function and defines the ELF entry point `_start`, which calls it.
macro_rules! boot_entry {
    ($function:path) => {
        #[no_mangle]
        extern "C" fn _start(info: &'static mut $crate::stagecoach::BootInfo) -> ! {
            let function: fn(&'static mut $crate::stagecoach::BootInfo) -> ! = $function;
            function(info)
        }
    };
}

/// The functions that compiled code calls without being told: simple ones, correct rather than fast.
macro_rules! boot_runtime {
    () => {
        #[no_mangle]
        unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, size: usize) -> *mut u8 {
            core::arch::asm!("rep movsb", inout("rcx") size => _, inout("rdi") to => _, inout("rsi") from => _,
                             options(nostack, preserves_flags));
            to
        }

        #[no_mangle]
        unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, size: usize) -> *mut u8 {
            if (to as usize).wrapping_sub(from as usize) >= size {
                return memcpy(to, from, size);
            }
            core::arch::asm!("std", "rep movsb", "cld", inout("rcx") size => _,
                             inout("rdi") to.wrapping_add(size).wrapping_sub(1) => _,
                             inout("rsi") from.wrapping_add(size).wrapping_sub(1) => _, options(nostack));
            to
        }

        #[no_mangle]
        unsafe extern "C" fn memset(to: *mut u8, value: i32, size: usize) -> *mut u8 {
            core::arch::asm!("rep stosb", inout("rcx") size => _, inout("rdi") to => _, in("al") value as u8,
                             options(nostack, preserves_flags));
            to
        }

        #[no_mangle]
        unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, size: usize) -> i32 {
            for i in 0..size {
                let (a, b) = (one.add(i).read_volatile(), other.add(i).read_volatile());
                if a != b {
                    return a as i32 - b as i32;
                }
            }
            0
        }

        #[no_mangle]
        unsafe extern "C" fn bcmp(one: *const u8, other: *const u8, size: usize) -> i32 {
            memcmp(one, other, size)
        }

        #[no_mangle]
        unsafe extern "C" fn strlen(text: *const u8) -> usize {
            let mut size = 0;
            while text.add(size).read_volatile() != 0 {
                size += 1;
            }
            size
        }

        #[no_mangle]
        extern "C" fn rust_eh_personality() {}

        #[no_mangle]
        extern "C" fn _Unwind_Resume() -> ! {
            loop {}
        }
    };
}

pub(crate) use {boot_config, boot_entry, boot_runtime};
