; The first 64-bit instructions of the direct door.
;
; Entry:  from stage 3 in long mode: RDI = struct direct_entry, memory mapped one to one, IF = 0, DF = 0.
; Exit:   calls direct_main(RDI) on the loader's own stack; never returns.
; Memory: applies the image's relocations to its .data: it was linked for address 0. .bss is zero already, because the
;         file has its bytes.

RELA_SIZE       equ 24

extern direct_main, direct_stack_end, image_start, relocations_start, relocations_end
global stage4_entry

section .text.entry progbits alloc exec nowrite align=16
bits 64
stage4_entry:
        lea     rsp, [rel direct_stack_end]
        lea     rdx, [rel image_start]
        lea     rsi, [rel relocations_start]
        lea     rcx, [rel relocations_end]
.next:
        cmp     rsi, rcx
        jae     .done
        mov     rax, [rsi]              ; offset; all are of type RELATIVE: tests/build/direct_file.py
        mov     rbx, [rsi + 16]         ; addend
        add     rbx, rdx
        mov     [rdx + rax], rbx
        add     rsi, RELA_SIZE
        jmp     .next
.done:
        xor     ebp, ebp                ; the outermost frame
        call    direct_main
.halt:
        cli
        hlt
        jmp     .halt

section .note.GNU-stack noalloc noexec nowrite progbits
