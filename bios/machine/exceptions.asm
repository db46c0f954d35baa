; Exception entries of stage 4: one stub a vector, each 16 bytes long.
;
; Entry:  from the CPU, long mode, on the stack of TSS slot 1.
; Exit:   to exception_report(struct exception_frame *), which does not return.
; Memory: pushes vector and, where the CPU does not, an error code of 0.

extern exception_report
global exception_stubs

STUB_SIZE       equ 16
VECTORS         equ 32
; Vectors with an error code: 8, 10-14, 17, 21, 29, 30 (Intel SDM 3A, table 6-1; AMD APM 2, table 8-1).
WITH_CODE       equ 1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 | 1 << 21 | 1 << 29 | 1 << 30

section .text.exceptions progbits alloc exec nowrite align=16
bits 64
exception_stubs:
%assign vector 0
%rep VECTORS
        align   STUB_SIZE, nop
  %if ((WITH_CODE >> vector) & 1) == 0
        push    0
  %endif
        push    vector
        jmp     near exception_common
  %assign vector vector + 1
%endrep

exception_common:
        cld
        mov     rdi, rsp
        and     rsp, -16
        call    exception_report

section .note.GNU-stack noalloc noexec nowrite progbits
