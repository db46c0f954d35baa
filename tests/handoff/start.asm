; Multiboot 1 entry of the handoff test: from 32-bit protected mode to main() in long mode, with 4 or 5 levels of page
; tables that map the first 4 GiB where they are.
;
; In: EAX = 0x2badb002, EBX = phys of the Multiboot information (Multiboot 0.6.96, 3.2-3.3); paging off, IF = 0.
; Out: main(const char *command_line) with its stack, CR0.PG, SSE on.

CR4_PAE_SSE             equ 0x620
CR4_LA57                equ 1 << 12
INFO_COMMAND_LINE       equ 16
PAGE_SET                equ 0x83        ; present, writable, large
TABLE_SET               equ 0x03

        bits    32
        extern  main
        global  start

        section .multiboot
        align   4
        dd      0x1badb002, 0, -0x1badb002

        section .text.start progbits alloc exec nowrite
start:
        mov     esp, stack_top
        mov     esi, [ebx + INFO_COMMAND_LINE]

        mov     edi, directories
        mov     eax, PAGE_SET
.next_page:
        mov     [edi], eax
        add     edi, 8
        add     eax, 0x200000
        jnc     .next_page                      ; until 4 GiB
        mov     edi, pointers
        mov     eax, directories + TABLE_SET
        mov     ecx, 4
.next_pointer:
        mov     [edi], eax
        add     edi, 8
        add     eax, 0x1000
        loop    .next_pointer
        mov     dword [root4], pointers + TABLE_SET
        mov     dword [root5], root4 + TABLE_SET

        mov     eax, root4
        mov     edx, CR4_PAE_SSE
        call    wants_la57
        jne     .four_levels
        mov     eax, root5
        or      edx, CR4_LA57
.four_levels:
        mov     cr4, edx
        mov     cr3, eax
        mov     ecx, 0xc0000080
        rdmsr
        or      eax, 0x101                      ; LME, and SCE for the handoff to clear
        wrmsr
        mov     eax, 0x80000011                 ; without WP, NE and MP, as some firmware has it
        mov     cr0, eax
        lgdt    [gdt_pointer]
        jmp     0x20:long_mode

; ZF = 1 if the command line holds "la57". Its first word is this program's path, so nothing comes before that.
; Clobbers: EBX.
wants_la57:
        mov     ebx, esi
.next:
        cmp     dword [ebx], 'la57'
        je      .done
        inc     ebx
        cmp     byte [ebx - 1], 1               ; CF = 1 at the end
        jnc     .next
        or      ebx, ebx                        ; ZF = 0
.done:
        ret

        bits    64
long_mode:
        mov     eax, 0x28                       ; selectors unlike those of the kernel
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     fs, eax
        mov     gs, eax
        mov     edi, esi
        call    main
        ud2

        section .data
        align   8
gdt:
        dq      0, 0, 0, 0
        dq      0x00af9b000000ffff              ; 0x20
        dq      0x00cf93000000ffff              ; 0x28
gdt_pointer:
        dw      $ - gdt - 1
        dd      gdt

        section .bss nobits alloc write align=4096
root5:  resb    4096
root4:  resb    4096
pointers: resb  4096
directories: resb 4 * 4096
        resb    16384
stack_top:

        section .note.GNU-stack noalloc noexec nowrite progbits
