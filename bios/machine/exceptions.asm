; Exception entries of the loaders that own the machine: one stub a vector, each 4 bytes long.
;
; Entry:  from the CPU, long mode, on the stack of TSS slot 1.
; Exit:   to exception_report(stack), which does not return; from a page fault back to where it was if
;         exception_page_fault(address) says so, with all registers as they were (the loader's own code uses no others).
; Memory: pushes the vector; of a page fault all registers that C may change.

extern exception_report, exception_page_fault
global exception_stubs

STUB_SIZE       equ 4
VECTORS         equ 32
PAGE_FAULT      equ 14

section .text.exceptions progbits alloc exec nowrite align=1
bits 64
exception_stubs:
%assign vector 0
%rep VECTORS
        push    strict byte vector
        jmp     short exception_common
  %assign vector vector + 1
%endrep
%if ($ - exception_stubs) != VECTORS * STUB_SIZE
  %error "exceptions.c takes each stub for 4 bytes"
%endif

exception_common:
        cld
        cmp     qword [rsp], PAGE_FAULT
        je      page_fault
report:
        mov     rdi, rsp
        and     rsp, -16
        call    exception_report

page_fault:
        push    rax
        push    rcx
        push    rdx
        push    rsi
        push    rdi
        push    r8
        push    r9
        push    r10
        push    r11                     ; 128 bytes below the stack's end: aligned for the call
        mov     rdi, cr2
        call    exception_page_fault
        test    al, al
        pop     r11
        pop     r10
        pop     r9
        pop     r8
        pop     rdi
        pop     rsi
        pop     rdx
        pop     rcx
        pop     rax
        jz      report
        add     rsp, 2 * 8              ; vector and error code
        iretq

section .note.GNU-stack noalloc noexec nowrite progbits
