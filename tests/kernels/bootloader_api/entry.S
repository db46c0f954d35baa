/* Entry of a bootloader_api kernel. State: RDI = &BootInfo, RSP = 16-byte aligned top of stack minus 8 with a zero return
 * address, long mode. Keeps what the C code checks in `state` and calls kernel_main(&state). Does not return. */
        .text
        .globl  _start
_start:
        movq    %rdi, state+0(%rip)
        movq    %rsp, state+8(%rip)
        movq    %rbp, state+16(%rip)
        movq    (%rsp), %rax
        movq    %rax, state+24(%rip)
        pushfq
        popq    state+32(%rip)
        movq    %cr0, %rax
        movq    %rax, state+40(%rip)
        movq    %cr4, %rax
        movq    %rax, state+48(%rip)
        xorl    %eax, %eax
        movw    %cs, %ax
        movq    %rax, state+56(%rip)
        movw    %ss, %ax
        movq    %rax, state+64(%rip)
        leaq    _start(%rip), %rax
        movq    %rax, state+72(%rip)
        leaq    state(%rip), %rdi
        jmp     kernel_main             /* as if called by whoever called us: the stack is aligned for that */

        .bss
        .balign 8
state:  .skip   80
        .section .note.GNU-stack, "", %progbits
