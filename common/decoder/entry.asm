; The way into the Zstandard decoder, and back: /stagecoach/zstd.elf's entry point.
;
; libzstd comes compiled for ordinary programs: it uses SSE, the red zone below its stack pointer, and a stack protector
; that reads its canary at FS:0x28.
;
; Entry:  called by the loader (common/zstd_decoder.c) as a C function, in 64-bit mode, CPL 0, anything mapped that it is given
;         RDI = frame, RSI = its size, RDX = where the content goes, RCX = its exact size
; Exit:   EAX = 1 if the frame was sound, 0 if not. Callee-saved registers, CR0, CR4, MXCSR, the XMM and x87 registers, FS base,
;         RFLAGS with IF: as at entry
; While it runs: IF = 0, CR0.EM = CR0.TS = 0, CR0.MP = 1, CR4.OSFXSR = CR4.OSXMMEXCPT = 1, MXCSR = 0x1f80, FS base = canary
; Memory: its own .bss (stack, state, libzstd's workspace), [RDI, RDI + RSI) read, [RDX, RDX + RCX) written

        default rel
        bits    64

        extern  decoder_decode
        global  decoder_entry

CR0_MP                  equ 1 << 1
CR0_EM                  equ 1 << 2
CR0_TS                  equ 1 << 3
CR4_OSFXSR              equ 1 << 9
CR4_OSXMMEXCPT          equ 1 << 10
MSR_FS_BASE             equ 0xc0000100
MXCSR_DEFAULT           equ 0x1f80      ; all exceptions masked, round to nearest
STACK_SIZE              equ 64 * 1024   ; three quarters are enough: tests/build

        section .text
decoder_entry:
        pushfq
        cli
        cld
        push    rbp
        push    rbx
        push    r12
        push    r13
        push    r14
        mov     rbp, rsp
        mov     r12, cr0
        mov     r13, cr4
        mov     r8, rcx                 ; the size: rdmsr wants ECX
        mov     r9, rdx

        mov     rax, r12
        and     rax, ~(CR0_EM | CR0_TS)
        or      rax, CR0_MP
        mov     cr0, rax
        mov     rax, r13
        or      rax, CR4_OSFXSR | CR4_OSXMMEXCPT
        mov     cr4, rax
        fxsave64 [vectors]
        ldmxcsr [mxcsr]

        mov     ecx, MSR_FS_BASE
        rdmsr
        mov     ebx, eax
        mov     r14d, edx
        lea     rax, [thread]
        mov     rdx, rax
        shr     rdx, 32
        wrmsr

        lea     rsp, [stack_end]
        mov     rdx, r9
        mov     rcx, r8
        call    decoder_decode
        mov     r8d, eax

        mov     ecx, MSR_FS_BASE
        mov     eax, ebx
        mov     edx, r14d
        wrmsr
        fxrstor64 [vectors]
        mov     cr4, r13
        mov     cr0, r12
        mov     eax, r8d
        mov     rsp, rbp
        pop     r14
        pop     r13
        pop     r12
        pop     rbx
        pop     rbp
        popfq
        ret

        section .rodata align=8
mxcsr:  dd      MXCSR_DEFAULT

        section .bss align=64
vectors:
        resb    512
thread: resb    64                      ; FS:0x28 is the canary: zero, like a stack protector's at start
        resb    STACK_SIZE
stack_end:
