; The first instructions of stage 4.
;
; Entry:  from stage 3 in long mode: RDI = struct stage_handoff, memory mapped one to one, IF = 0, DF = 0.
; Exit:   calls stage4_main(RDI) on the stage's own stack with .bss zeroed; never returns.
; Memory: writes .bss and the stack.

extern stage4_main, stage4_stack_end, bss_start, bss_end
global stage4_entry

section .text.entry progbits alloc exec nowrite align=16
bits 64
stage4_entry:
        lea     rsp, [rel stage4_stack_end]
        mov     rdx, rdi
        lea     rdi, [rel bss_start]
        lea     rcx, [rel bss_end]
        sub     rcx, rdi
        shr     ecx, 3                  ; both ends are 16-byte aligned
        xor     eax, eax
        rep     stosq
        mov     rdi, rdx
        xor     ebp, ebp                ; the outermost frame
        call    stage4_main
.halt:
        cli
        hlt
        jmp     .halt

section .note.GNU-stack noalloc noexec nowrite progbits
