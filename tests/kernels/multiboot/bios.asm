; A call of the BIOS from a Multiboot kernel.
;
; Entry: 32-bit mode, flat, no paging, IF = 0, at LOW, where the kernel has copied this; a PC's BIOS as it left it
; Exit:  the same by a near return, with the descriptor table below (bios.c knows it) and real mode's interrupt table
; Memory: this page; the stack below LOW + 0x5000
;
; At WORDS are the number of the interrupt and the registers, in and out: struct bios_call.

LOW             equ 0x1000
WORDS           equ LOW + 0x800
STACK           equ LOW + 0x5000
%define AT(label) (LOW + (label - bios_code))

        section .rodata progbits alloc noexec nowrite align=16
        global  bios_code, bios_code_end
bios_code:
        bits    32
        pushad
        mov     [AT(old_stack)], esp
        lgdt    [AT(gdt_pointer)]
        lidt    [AT(idt_pointer)]
        jmp     24:AT(.narrow)
        bits    16
.narrow:
        mov     ax, 32
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     fs, ax
        mov     gs, ax
        mov     eax, cr0
        and     al, ~1
        mov     cr0, eax
        jmp     0:AT(.real)
.real:
        xor     ax, ax
        mov     ds, ax
        mov     ss, ax
        mov     fs, ax
        mov     gs, ax
        mov     sp, STACK
        mov     al, [WORDS]
        mov     [AT(.interrupt) + 1], al
        mov     eax, [WORDS + 4]
        mov     ebx, [WORDS + 8]
        mov     ecx, [WORDS + 12]
        mov     edx, [WORDS + 16]
        mov     esi, [WORDS + 20]
        mov     edi, [WORDS + 24]
        mov     es, [WORDS + 28]
        stc
        jmp     .interrupt                      ; what was written is fetched
.interrupt:
        int     0
        push    word 0
        pop     ds
        mov     [WORDS + 4], eax
        mov     [WORDS + 8], ebx
        mov     [WORDS + 12], ecx
        mov     [WORDS + 16], edx
        mov     [WORDS + 20], esi
        mov     [WORDS + 24], edi
        mov     [WORDS + 28], es
        pushf
        pop     word [WORDS + 30]
        cli
        cld
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword 8:AT(.wide)
        bits    32
.wide:
        mov     eax, 16
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     fs, eax
        mov     gs, eax
        mov     esp, [AT(old_stack)]
        popad
        ret

        align   8
old_stack:      dd 0
gdt_pointer:    dw 63
                dd LOW + 0x400                  ; bios.c writes it there
idt_pointer:    dw 0x3ff
                dd 0
bios_code_end:
%if bios_code_end - bios_code > 0x400
  %error "the code meets the descriptor table"
%endif

        section .note.GNU-stack noalloc noexec nowrite progbits
