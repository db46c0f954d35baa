//! A kernel in Rust: counts its memory, says hello on COM1, and ends QEMU with success.
#![no_std]
#![no_main]

mod stagecoach;
use core::arch::asm;
use core::fmt::Write;
use stagecoach::{memory, BootConfig, BootInfo};

stagecoach::boot_config!(BootConfig { kernel_stack_size: 64 * 1024, ..BootConfig::new() });
stagecoach::boot_entry!(kernel_main);
stagecoach::boot_runtime!();

fn outb(port: u16, byte: u8) {
    unsafe { asm!("out dx, al", in("dx") port, in("al") byte, options(nomem, nostack)) }
}

struct Com1;
impl Write for Com1 {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        text.bytes().for_each(|byte| outb(0x3f8, byte)); // in QEMU, nobody has to wait
        Ok(())
    }
}

fn exit(value: u8) -> ! {
    outb(0xf4, value);
    loop {
        unsafe { asm!("hlt") }
    }
}

fn kernel_main(info: &'static mut BootInfo) -> ! {
    let usable: u64 = info.memory_map().iter().filter(|region| region.kind == memory::USABLE).map(|region| region.size).sum();
    let _ = write!(Com1, "hello from Rust: {} MiB are free\r\n", usable >> 20);
    exit(if usable > 0 { 0x10 } else { 0x11 })
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    let _ = write!(Com1, "{info}\r\n");
    exit(0x11)
}
