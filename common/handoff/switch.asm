; The last instructions of the loader: from its page tables into the transition tables.
;
; void handoff_switch(uint64_t tables, uint64_t target, uint64_t efer)
;   in: RDI = CR3 to load; RSI = RIP after that; RDX = EFER. 64-bit mode, CPL 0, in the loader's address space, where this
;       code lies at its physical address, inside one page.
;   out: never. At RSI: IF = 0, CR4 = PAE, OSFXSR, OSXMMEXCPT and LA57 if that was on, CR3 and EFER as asked for.
; Memory: reads and writes none, so only this page has to be in both address spaces.

%include "machine.inc"

        default rel
        bits    64
        global  handoff_switch:function hidden, handoff_switch_end:data hidden

        section .text.handoff_switch progbits alloc exec nowrite align=64

handoff_switch:
        cli
        cld
        mov     rax, cr4
        and     eax, CR4_LA57
        or      eax, CR4_KERNEL
        mov     cr4, rax                        ; PCIDE off: bits 0-11 of CR3 mean nothing; PGE off: TLBs are empty

        mov     rax, rdx                        ; NXE before tables that may have NX
        shr     rdx, 32
        mov     ecx, MSR_EFER
        wrmsr
        mov     cr3, rdi
        jmp     rsi
        times 64 - ($ - handoff_switch) db 0xcc ; fails if it outgrows its alignment and might cross a page
handoff_switch_end:

        section .note.GNU-stack noalloc noexec nowrite progbits
