//! Text on COM1 and port E9, and the end of a run, for both test kernels.
use core::arch::asm;
use core::fmt;

pub fn outb(port: u16, value: u8) {
    // SAFETY: the test machine's debug ports.
    unsafe { asm!("out dx, al", in("dx") port, in("al") value, options(nomem, nostack, preserves_flags)) }
}

fn inb(port: u16) -> u8 {
    let value: u8;
    // SAFETY: as above.
    unsafe { asm!("in al, dx", in("dx") port, out("al") value, options(nomem, nostack, preserves_flags)) }
    value
}

pub struct Debug;

impl fmt::Write for Debug {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            outb(0xe9, byte);
            while inb(0x3fd) & 0x20 == 0 {}
            outb(0x3f8, byte);
        }
        Ok(())
    }
}

macro_rules! say {
    ($($part:tt)*) => {{ let _ = core::fmt::Write::write_fmt(&mut $crate::debug::Debug, format_args!($($part)*)); }};
}
pub(crate) use say;

pub fn exit(value: u8) -> ! {
    outb(0xf4, value);
    loop {
        // SAFETY: stops this CPU.
        unsafe { asm!("cli", "hlt", options(nomem, nostack)) }
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    say!("BOOT-BAD {}\n", info);
    exit(0x11)
}

/// FNV-1a over what the kernel was told: two boots can be compared.
pub fn digest(words: &[u64]) -> u64 {
    words.iter().flat_map(|word| word.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}
