; The last instructions before a Linux kernel's 64-bit entry (Documentation/arch/x86/boot.rst).
;
; void linux_switch(uint64_t tables, uint64_t params, uint64_t entry)
;   in: RDI = CR3 to load, with as many levels as there are now; RSI = physical address of the zero page; RDX = RIP of the
;       kernel. 64-bit mode, CPL 0, in the loader's address space, where this code and its data lie at their physical
;       address, inside one page; a stack.
;   out: never. At the kernel: IF = 0, DF = 0, CS = 0x10 (execute, read), DS = ES = SS = 0x18 (read, write), each 4 GiB
;       flat; RSI = zero page; CR4 = PAE, OSFXSR, OSXMMEXCPT and LA57 if that was on; the GDT below, which Linux leaves
;       with its first instructions.
; Memory: reads this page; pushes to the stack before the tables change.

%include "machine.inc"

        default rel
        bits    64
        global  linux_switch:function hidden

CODE                    equ 0x10        ; __BOOT_CS
DATA                    equ 0x18        ; __BOOT_DS

        section .text.linux_switch progbits alloc exec nowrite align=128

linux_switch:
        cli
        cld
        lea     rax, [gdt]
        sub     rsp, 16
        mov     word [rsp], gdt_end - gdt - 1
        mov     [rsp + 2], rax
        lgdt    [rsp]
        push    CODE
        lea     rax, [.reloaded]
        push    rax
        retfq
.reloaded:
        mov     eax, DATA
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     rax, cr4
        and     eax, CR4_LA57
        or      eax, CR4_KERNEL
        mov     cr4, rax                        ; PCIDE and PGE off: CR3 has no flags, TLBs are empty
        mov     cr3, rdi
        jmp     rdx

        align   8
gdt:
        dq      0, 0
        dq      0x00af9b000000ffff
        dq      0x00cf93000000ffff
gdt_end:
        times 128 - ($ - linux_switch) db 0xcc  ; fails if it outgrows its alignment and might cross a page

        section .note.GNU-stack noalloc noexec nowrite progbits
