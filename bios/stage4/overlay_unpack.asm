; overlay_unpack(packed, packed_end, to): unpacks the overlay, as stage 2 unpacked stage 4.
;
; Entry:  System V convention, long mode; three addresses below 4 GiB, memory mapped one to one.
; Exit:   returns.
; Memory: lz4_unpack.inc: reads and writes up to 15 bytes more than the block and what it holds.

global overlay_unpack

section .text.overlay_unpack progbits alloc exec nowrite align=1
bits 64
overlay_unpack:
        push    rbx
        push    rbp
        mov     ebx, esi
        mov     esi, edi
        mov     edi, edx
        call    lz4_unpack
        pop     rbp
        pop     rbx
        ret

%include "lz4_unpack.inc"

section .note.GNU-stack noalloc noexec nowrite progbits
