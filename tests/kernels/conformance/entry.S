/* The kernel's first instruction.
 *
 * Entered by the loader: 64-bit mode, RDI = struct boot_info, RSP = top of the stack - 8 with a return address of 0.
 * Writes down what C code would change (struct entry_state, state.h) without touching anything before it is saved, then
 * goes on to kernel_main(RDI) with the stack as it was. Clobbers RAX.
 */
    .section .bss.entry_state, "aw", @nobits
    .balign 64
    .globl entry_state
    .hidden entry_state
entry_state:
    .skip 832

    .text
    .globl _start
_start:
    movq %rax, entry_state+0x00(%rip)
    movq %rbx, entry_state+0x08(%rip)
    movq %rcx, entry_state+0x10(%rip)
    movq %rdx, entry_state+0x18(%rip)
    movq %rsi, entry_state+0x20(%rip)
    movq %rdi, entry_state+0x28(%rip)
    movq %rbp, entry_state+0x30(%rip)
    movq %rsp, entry_state+0x38(%rip)
    movq %r8, entry_state+0x40(%rip)
    movq %r9, entry_state+0x48(%rip)
    movq %r10, entry_state+0x50(%rip)
    movq %r11, entry_state+0x58(%rip)
    movq %r12, entry_state+0x60(%rip)
    movq %r13, entry_state+0x68(%rip)
    movq %r14, entry_state+0x70(%rip)
    movq %r15, entry_state+0x78(%rip)
    pushfq
    popq entry_state+0x80(%rip)
    fxsave64 entry_state+0x140(%rip)
    sgdt entry_state+0x90(%rip)
    sidt entry_state+0xa0(%rip)
    movw %cs, entry_state+0xb0(%rip)
    movw %ds, entry_state+0xb2(%rip)
    movw %es, entry_state+0xb4(%rip)
    movw %ss, entry_state+0xb6(%rip)
    movw %fs, entry_state+0xb8(%rip)
    movw %gs, entry_state+0xba(%rip)
    str entry_state+0xbc(%rip)
    sldt entry_state+0xbe(%rip)
    movq %cr0, %rax
    movq %rax, entry_state+0xc0(%rip)
    movq %cr2, %rax
    movq %rax, entry_state+0xc8(%rip)
    movq %cr3, %rax
    movq %rax, entry_state+0xd0(%rip)
    movq %cr4, %rax
    movq %rax, entry_state+0xd8(%rip)
    movq %cr8, %rax
    movq %rax, entry_state+0xe0(%rip)
    movq %dr7, %rax
    movq %rax, entry_state+0xe8(%rip)
    movq %dr6, %rax
    movq %rax, entry_state+0xf0(%rip)
    jmp kernel_main

    .section .note.GNU-stack, "", @progbits
