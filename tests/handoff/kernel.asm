; The first instruction of the test's kernel: writes down every register before it changes one.
;
; In: the machine state that kernel-api/README.md promises. Out: kernel_main(const struct state *), in state.h's order.

        default rel
        bits    64
        extern  kernel_main
        global  kernel_entry

        section .text.kernel progbits alloc exec nowrite
kernel_entry:
        mov     [state + 0], rax
        mov     [state + 8], rbx
        mov     [state + 16], rcx
        mov     [state + 24], rdx
        mov     [state + 32], rsi
        mov     [state + 40], rdi
        mov     [state + 48], rbp
        mov     [state + 56], rsp
        mov     [state + 64], r8
        mov     [state + 72], r9
        mov     [state + 80], r10
        mov     [state + 88], r11
        mov     [state + 96], r12
        mov     [state + 104], r13
        mov     [state + 112], r14
        mov     [state + 120], r15
        mov     rax, [rsp]
        mov     [state + 128], rax
        pushfq
        pop     qword [state + 136]
        mov     rax, cr0
        mov     [state + 144], rax
        mov     rax, cr3
        mov     [state + 152], rax
        mov     rax, cr4
        mov     [state + 160], rax
        mov     rax, dr0
        mov     [state + 168], rax
        mov     rax, dr1
        mov     [state + 176], rax
        mov     rax, dr2
        mov     [state + 184], rax
        mov     rax, dr3
        mov     [state + 192], rax
        mov     rax, dr6
        mov     [state + 200], rax
        mov     rax, dr7
        mov     [state + 208], rax
        mov     [state + 216], cs
        mov     [state + 224], ds
        mov     [state + 232], es
        mov     [state + 240], ss
        mov     [state + 248], fs
        mov     [state + 256], gs
        str     [state + 264]
        sldt    [state + 272]
        sgdt    [state + 280 + 6]
        sidt    [state + 296 + 6]
        stmxcsr [state + 312]
        fnstcw  [state + 320]
        fnstsw  [state + 322]
        movups  [state + 336], xmm0
        movups  [state + 352], xmm7
        movups  [state + 368], xmm15
        lea     rdi, [state]
        call    kernel_main
        ud2

        section .bss nobits alloc write align=16
state:  resb    384

        section .note.GNU-stack noalloc noexec nowrite progbits
