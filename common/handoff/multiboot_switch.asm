; The last instructions before a Multiboot kernel: out of long mode, the kernel's pieces to their places, and the jump
; (Multiboot2 Specification 2.0, 3.3; Multiboot Specification 0.6.96, 3.2). Copied to a page of its own.
;
; Entry: 64-bit mode, CPL 0, IF = 0, at the code's physical address, below 4 GiB; a stack of 24 bytes. Behind the code lie the
;        orders (struct multiboot_orders): entry, EAX, EBX, a word that is not used; then moves of target, source, number of
;        words, until a number of 0.
; Exit:  at the kernel: EAX and EBX as ordered; CS = 0x08 (execute, read), DS = ES = FS = GS = SS = 0x10 (read, write), each
;        4 GiB flat; CR0 = PE and ET, CR4 = 0, EFER = 0; IF = DF = 0; ESP, the other registers, GDTR and IDTR hold nothing of
;        use.
; Memory: reads this page; writes what the moves name, and to the stack before them.

%include "machine.inc"

        global  multiboot_switch:data hidden, multiboot_switch_end:data hidden

CR4_PAE                 equ 1 << 5
CR0_PROTECTED           equ 0x11        ; PE, ET
CODE32                  equ 0x08
DATA32                  equ 0x10

        section .rodata.multiboot_switch progbits alloc noexec nowrite align=16

        default rel
        bits    64
multiboot_switch:
        cli
        cld
        lea     rax, [gdt]
        lea     rbp, [multiboot_switch_end]
        sub     rsp, 16
        mov     word [rsp], gdt_end - gdt - 1
        mov     [rsp + 2], rax
        lgdt    [rsp]
        mov     rax, cr4                        ; PCIDE and CET off, which do not let paging go
        and     eax, CR4_PAE | CR4_LA57
        mov     cr4, rax
        push    CODE32
        lea     rax, [.narrow]
        push    rax
        retfq

        bits    32
.narrow:
        mov     eax, CR0_PROTECTED
        mov     cr0, eax                        ; paging off: this code lies at its physical address
        mov     eax, DATA32
        mov     ds, eax
        mov     es, eax
        mov     fs, eax
        mov     gs, eax
        mov     ss, eax
        mov     ecx, MSR_EFER
        xor     eax, eax
        xor     edx, edx
        wrmsr
        mov     cr4, eax
        lea     edx, [ebp + 16]
.next:
        mov     edi, [edx]
        mov     esi, [edx + 4]
        mov     ecx, [edx + 8]
        add     edx, 12
        jecxz   .moved
        rep     movsd
        jmp     .next
.moved:
        mov     eax, [ebp + 4]
        mov     ebx, [ebp + 8]
        jmp     [ebp]

        align   8
gdt:
        dq      0
        dq      0x00cf9b000000ffff
        dq      0x00cf93000000ffff
gdt_end:
multiboot_switch_end:

        section .note.GNU-stack noalloc noexec nowrite progbits
