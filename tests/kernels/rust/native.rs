//! A Rust kernel of the native protocol, built on kernel-api/rust/stagecoach.rs: judges what it is told, and that compiled
//! Rust works: formatting, vtables (relocations), floating point (SSE), panics that would be seen.
#![no_std]
#![no_main]

mod debug;
#[path = "../../../kernel-api/rust/stagecoach.rs"]
mod stagecoach;

use debug::say;
use stagecoach::{memory, BootConfig, BootInfo, BOOT_ANYWHERE, BOOT_INFO_MAGIC};

stagecoach::boot_config!(BootConfig {
    kernel_stack_size: 96 * 1024,
    physical_memory: BOOT_ANYWHERE,
    ..BootConfig::new()
});
stagecoach::boot_entry!(kernel_main);
stagecoach::boot_runtime!();

trait Shape {
    fn area(&self) -> f64;
}
struct Square(f64);
struct Circle(f64);
impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}
impl Shape for Circle {
    fn area(&self) -> f64 {
        self.0 * self.0 * core::f64::consts::PI
    }
}
static SHAPES: [&(dyn Shape + Sync); 2] = [&Square(3.0), &Circle(2.0)];

fn check_info(info: &BootInfo) {
    assert_eq!(info.magic, BOOT_INFO_MAGIC);
    assert!(info.size as usize >= core::mem::size_of::<BootInfo>());
    assert_eq!(info.stack_size, 96 * 1024);
    let local = 0u8;
    let address = &local as *const u8 as u64;
    assert!(address >= info.stack_address && address < info.stack_address + info.stack_size);
    assert_eq!(info.command_line().to_bytes(), b"from=rust");
    assert_eq!(info.ramdisk(), Some(&b"Hello, ramdis"[..]));
    assert!(info.log().to_bytes().len() as u64 == info.log_size);
    assert!(info.timeline().windows(2).all(|pair| pair[0].tsc <= pair[1].tsc));
}

fn check_memory(info: &BootInfo) {
    let map = info.memory_map();
    assert!(map.windows(2).all(|pair| pair[0].phys + pair[0].size <= pair[1].phys));
    let usable: u64 = map.iter().filter(|region| region.kind == memory::USABLE).map(|region| region.size).sum();
    assert!(usable > 64 << 20, "{usable} bytes");
    for segment in info.segments() {
        let kind = map.iter().find(|r| segment.phys >= r.phys && segment.phys < r.phys + r.size).map(|r| r.kind);
        assert_eq!(kind, Some(memory::KERNEL));
        assert_ne!(segment.rights & 3, 3, "writable and executable");
    }
    // SAFETY: the window maps all RAM.
    let rsdp = unsafe { core::slice::from_raw_parts((info.physical_memory + info.rsdp_phys) as *const u8, 8) };
    assert_eq!(rsdp, b"RSD PTR ");
}

fn kernel_main(info: &'static mut BootInfo) -> ! {
    say!("Rust kernel, native protocol: {} regions, bias {:#x}\n", info.memory_map_count, info.kernel_bias);
    check_info(info);
    check_memory(info);
    let sum: f64 = SHAPES.iter().map(|shape| shape.area()).sum();
    assert!(sum > 21.56 && sum < 21.57, "{sum}");
    if let Some(pixels) = info.pixels() {
        let last = pixels.len() - 1;
        (pixels[0], pixels[last]) = (0x5a, 0xa5);
        assert_eq!((pixels[0], pixels[last]), (0x5a, 0xa5));
    }
    say!("BOOT-OK {:016x}\n", debug::digest(&[info.kernel_address, info.stack_address, info.physical_memory]));
    debug::exit(0x10)
}
