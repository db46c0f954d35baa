//! A Rust kernel of the bootloader_api 0.11.16 interface that does not use that crate: its structures written by hand, its
//! configuration as the bytes that the crate would have serialised.
#![no_std]
#![no_main]

mod debug;
#[path = "../../../kernel-api/rust/stagecoach.rs"]
mod stagecoach;

use core::mem::{offset_of, size_of};
use debug::say;

stagecoach::boot_runtime!();

const WINDOW: u64 = 0x4000_0000_0000;
const STACK_SIZE: u64 = 0x1_8000;

/// Puts bytes into the configuration: 9 bytes a mapping, one more for an option.
const fn put(mut config: [u8; 133], offset: usize, bytes: &[u8]) -> [u8; 133] {
    let mut i = 0;
    while i < bytes.len() {
        config[offset + i] = bytes[i];
        i += 1;
    }
    config
}

const fn make_config() -> [u8; 133] {
    let mut config = [0; 133];
    config = put(config, 0, &[0x74, 0x3c, 0xa9, 0x61, 0x09, 0x36, 0x46, 0xa0, 0xbb, 0x55, 0x5c, 0x15, 0x89, 0x15, 0x25, 0x3d]);
    config = put(config, 18, &11u16.to_le_bytes());
    config = put(config, 20, &16u16.to_le_bytes());
    config = put(config, 23, &STACK_SIZE.to_le_bytes());
    config = put(config, 67, &[1, 1]); // physical_memory: Some(FixedAddress(WINDOW))
    put(config, 69, &WINDOW.to_le_bytes())
}

#[used]
#[link_section = ".bootloader-config"]
static CONFIG: [u8; 133] = make_config();

/// `Optional<T>` of the crate: `Some` is 0.
#[repr(C)]
#[allow(dead_code)]
enum Optional<T> {
    Some(T),
    None,
}

impl<T> Optional<T> {
    fn get(&self) -> Option<&T> {
        match self {
            Optional::Some(value) => Some(value),
            Optional::None => None,
        }
    }
}

#[repr(C)]
#[derive(PartialEq, Debug)]
struct ApiVersion(u16, u16, u16, bool);

#[repr(C)]
#[derive(PartialEq, Debug)]
#[allow(dead_code)]
enum MemoryRegionKind {
    Usable,
    Bootloader,
    UnknownUefi(u32),
    UnknownBios(u32),
}

#[repr(C)]
struct MemoryRegion {
    start: u64,
    end: u64,
    kind: MemoryRegionKind,
}

#[repr(C)]
#[allow(dead_code)]
enum PixelFormat {
    Rgb,
    Bgr,
    U8,
    Unknown { red: u8, green: u8, blue: u8 },
}

#[repr(C)]
struct FrameBuffer {
    buffer_start: u64,
    byte_len: usize,
    width: usize,
    height: usize,
    pixel_format: PixelFormat,
    bytes_per_pixel: usize,
    stride: usize,
}

#[repr(C)]
struct TlsTemplate {
    start_addr: u64,
    file_size: u64,
    mem_size: u64,
}

#[repr(C)]
struct BootInfo {
    api_version: ApiVersion,
    memory_regions: *mut MemoryRegion,
    memory_region_count: usize,
    framebuffer: Optional<FrameBuffer>,
    physical_memory_offset: Optional<u64>,
    recursive_index: Optional<u16>,
    rsdp_addr: Optional<u64>,
    tls_template: Optional<TlsTemplate>,
    ramdisk_addr: Optional<u64>,
    ramdisk_len: u64,
    kernel_addr: u64,
    kernel_len: u64,
    kernel_image_offset: u64,
    kernel_stack_bottom: u64,
    kernel_stack_len: u64,
    test_sentinel: u64,
}
const _: () = assert!(size_of::<BootInfo>() == 232 && size_of::<MemoryRegion>() == 24);
const _: () = assert!(offset_of!(BootInfo, framebuffer) == 24 && offset_of!(BootInfo, ramdisk_len) == 176);

fn check_framebuffer(framebuffer: &FrameBuffer) {
    assert_eq!(framebuffer.byte_len, framebuffer.stride * framebuffer.height * framebuffer.bytes_per_pixel);
    assert!(framebuffer.width <= framebuffer.stride && (3..=4).contains(&framebuffer.bytes_per_pixel));
    assert!(matches!(framebuffer.pixel_format, PixelFormat::Bgr | PixelFormat::Rgb));
    // SAFETY: the loader says that so many bytes are mapped there.
    let pixels = unsafe { core::slice::from_raw_parts_mut(framebuffer.buffer_start as *mut u8, framebuffer.byte_len) };
    pixels.fill(0x40);
    assert!(pixels.iter().all(|&byte| byte == 0x40));
}

fn check_memory(info: &BootInfo) {
    // SAFETY: as above.
    let regions = unsafe { core::slice::from_raw_parts(info.memory_regions, info.memory_region_count) };
    assert!(regions.len() > 4);
    assert!(regions.iter().all(|region| region.start < region.end));
    assert!(regions.windows(2).all(|pair| pair[0].end <= pair[1].start));
    let kernel = regions.iter().find(|r| info.kernel_addr >= r.start && info.kernel_addr < r.end);
    assert_eq!(kernel.map(|region| &region.kind), Some(&MemoryRegionKind::Bootloader));
    for region in regions.iter().filter(|region| region.kind == MemoryRegionKind::Usable) {
        // SAFETY: nobody has this memory; the window maps it.
        unsafe { core::ptr::write_bytes((WINDOW + region.start) as *mut u8, 0xff, (region.end - region.start) as usize) }
    }
}

#[no_mangle]
extern "C" fn _start(info: &'static mut BootInfo) -> ! {
    say!("Rust kernel, bootloader_api: {:?}, {} regions\n", info.api_version, info.memory_region_count);
    assert_eq!(info.api_version, ApiVersion(0, 11, 16, false));
    assert_eq!(info.physical_memory_offset.get(), Some(&WINDOW));
    assert_eq!(info.recursive_index.get(), None);
    assert!(info.tls_template.get().is_none());
    assert!(info.rsdp_addr.get().is_some_and(|&address| address != 0));
    assert_eq!(info.test_sentinel, 0xb001_b001_b001);
    assert_eq!((info.kernel_stack_len, info.ramdisk_len), (STACK_SIZE, 13));
    let local = 0u8;
    let address = &local as *const u8 as u64;
    assert!((info.kernel_stack_bottom..info.kernel_stack_bottom + STACK_SIZE).contains(&address));
    let ramdisk = *info.ramdisk_addr.get().expect("a ramdisk");
    // SAFETY: the loader says that so many bytes are mapped there.
    let ramdisk = unsafe { core::slice::from_raw_parts(ramdisk as *const u8, info.ramdisk_len as usize) };
    assert_eq!(ramdisk, b"Hello, ramdis");
    // SAFETY: the window maps all RAM.
    let file = unsafe { core::slice::from_raw_parts((WINDOW + info.kernel_addr) as *const u8, info.kernel_len as usize) };
    assert!(file.starts_with(b"\x7fELF"));
    check_framebuffer(info.framebuffer.get().expect("a framebuffer"));
    check_memory(info);
    say!("BOOT-OK {:016x}\n", debug::digest(&[info.kernel_image_offset, info.kernel_stack_bottom]));
    debug::exit(0x10)
}
