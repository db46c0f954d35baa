/* Accesses that are expected to fault, and the page fault handler that makes them survivable. */

    .section .bss.probe, "aw", @nobits
    .balign 8
    .globl probe_count, probe_code, probe_address
    .hidden probe_count, probe_code, probe_address
probe_count:
    .skip 8
probe_code:
    .skip 8
probe_address:
    .skip 8
probe_resume:
    .skip 8
probe_stack:
    .skip 8

    .text
/* Entered by the CPU on a page fault. On the stack: error code, RIP, CS, RFLAGS, RSP, SS. Writes down what happened and
 * goes on behind the access, with the stack that the probe had. */
    .globl probe_fault
    .hidden probe_fault
probe_fault:
    pushq %rax
    incq probe_count(%rip)
    movq 8(%rsp), %rax
    movq %rax, probe_code(%rip)
    movq %cr2, %rax
    movq %rax, probe_address(%rip)
    movq probe_resume(%rip), %rax
    movq %rax, 16(%rsp)
    movq probe_stack(%rip), %rax
    movq %rax, 40(%rsp)
    popq %rax
    addq $8, %rsp
    iretq

/* probe_read, probe_write, probe_execute(RDI = address): one access; write puts 0xC3 there. Clobber RAX. */
    .macro probe name, access:vararg
    .globl \name
    .hidden \name
\name:
    movq %rsp, probe_stack(%rip)
    leaq 1f(%rip), %rax
    movq %rax, probe_resume(%rip)
    \access
1:  ret
    .endm

    probe probe_read, movb (%rdi), %al
    probe probe_write, movb $0xc3, (%rdi)
    probe probe_execute, call *%rdi

/* Code that nobody needs, should it be writable after all. */
    .globl probe_victim
    .hidden probe_victim
probe_victim:
    ret

    .section .note.GNU-stack, "", @progbits
