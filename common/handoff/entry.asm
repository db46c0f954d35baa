; The way into the kernel, from the moment the loader's page tables are gone; and where the kernel's first IDT leads.
;
; Three entries, in the order in which they run:
;   handoff_enter_la57  from handoff_switch where the loader runs with 5-level page tables (CR4.LA57 = 1)
;       in: CR3 = PML5 that maps the blob at its physical address; RIP there, below 4 GiB. Leaves 64-bit mode to switch
;       LA57 off, which no CPU allows inside it, and comes to handoff_enter.
;   handoff_enter       from handoff_switch, or from above
;       in: CR3 = transition tables, 4 levels; RIP at the bridge address
;   handoff_settle      from handoff_enter
;       in: CR3 = bridge tables; RIP at the blob's final address
; All: 64-bit mode, CPL 0, IF = 0, CR4 = PAE, OSFXSR, OSXMMEXCPT (and LA57), EFER = LME, LMA (and NXE). No other register
; is expected to hold anything, there is no stack, and no segment register but CS is used. Each finds what it needs in
; handoff_area, which is mapped behind the code wherever the code is.

%include "machine.inc"

        default rel
        bits    64

        extern  handoff_area, handoff_report
        global  handoff_enter:function hidden, handoff_enter_la57:function hidden, handoff_settle:function hidden
        global  handoff_caught:function hidden, handoff_transition_gdt:data hidden

; struct handoff_area, layout.h
AREA_PAGE_TABLE         equ 0
AREA_ENTRY              equ 8
AREA_STACK_TOP          equ 16
AREA_ARGUMENT           equ 24
AREA_BRIDGE_TABLES      equ 32
AREA_SETTLE             equ 40
AREA_GDTR               equ 54
AREA_IDTR               equ 70
AREA_TRANSITION_GDTR    equ 86
AREA_TRANSITION_TABLES  equ 96
AREA_BRIDGE             equ 104
AREA_SCRATCH_STACK      equ 240         ; its end; struct handoff_area's `scratch`

; The kernel's GDT, layout.h
CODE                    equ 0x08
DATA                    equ 0x10
TSS                     equ 0x18

; handoff_transition_gdt
CODE32                  equ 0x08
DATA32                  equ 0x10
CODE64                  equ 0x18

        section .text

; --------------------------------------------------------------------------------------------------------------------
handoff_enter_la57:
        lea     rbp, [handoff_area]             ; everything here is a physical address below 4 GiB
        lea     rsp, [rbp + AREA_SCRATCH_STACK]
        lea     rsi, [.long_mode]
        lgdt    [rbp + AREA_TRANSITION_GDTR]
        push    CODE32
        lea     rax, [.compatibility]
        push    rax
        retfq

        bits    32
.compatibility:
        mov     eax, DATA32
        mov     ds, eax
        mov     ss, eax
        mov     eax, cr0
        and     eax, ~CR0_PG
        mov     cr0, eax                        ; protected mode without paging: EFER.LMA = 0, LME stays
        mov     eax, cr4
        and     eax, ~CR4_LA57
        mov     cr4, eax
        mov     eax, [ebp + AREA_TRANSITION_TABLES]
        mov     cr3, eax
        mov     eax, cr0
        or      eax, CR0_PG
        mov     cr0, eax                        ; compatibility mode, 4 levels
        push    CODE64
        push    esi
        retf

        bits    64
.long_mode:
        jmp     [rbp + AREA_BRIDGE]             ; bits 63-32 of RBP are 0: it was a physical address

; --------------------------------------------------------------------------------------------------------------------
; The bridge address is in nobody's way, so that the loader's page of switch code may lie where the kernel has the blob.
handoff_enter:
        mov     rax, [handoff_area + AREA_BRIDGE_TABLES]
        mov     cr3, rax
        jmp     [handoff_area + AREA_SETTLE]

; --------------------------------------------------------------------------------------------------------------------
handoff_settle:
        lea     rbp, [handoff_area]
        lea     rsp, [rbp + AREA_SCRATCH_STACK]
        call    load_tables
        mov     rax, [rbp + AREA_PAGE_TABLE]
        mov     cr3, rax                        ; the kernel's address space
        call    set_control_registers
        call    clear_debug_registers
        call    clear_vectors

        mov     rsp, [rbp + AREA_STACK_TOP]
        mov     rdi, [rbp + AREA_ARGUMENT]
        xor     eax, eax
        xor     ebx, ebx
        xor     ecx, ecx
        xor     edx, edx
        xor     esi, esi
        xor     ebp, ebp
        xor     r8d, r8d
        xor     r9d, r9d
        xor     r10d, r10d
        xor     r11d, r11d
        xor     r12d, r12d
        xor     r13d, r13d
        xor     r14d, r14d
        xor     r15d, r15d
        push    2                               ; RFLAGS: nothing but the bit that is always 1
        popfq
        push    0                               ; where a return address would be
        jmp     [handoff_area + AREA_ENTRY]

; The kernel's GDT, IDT and TSS, and all segment registers.
; In: RBP = handoff_area. Clobbers: RAX.
load_tables:
        lgdt    [rbp + AREA_GDTR]
        lidt    [rbp + AREA_IDTR]
        push    CODE
        lea     rax, [.reloaded]
        push    rax
        retfq
.reloaded:
        mov     eax, DATA
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        xor     eax, eax
        mov     fs, eax
        mov     gs, eax
        lldt    ax
        mov     eax, TSS
        ltr     ax
        ret

; CR0, CR4, CR8, PAT and the bases of FS and GS. EFER has its value since handoff_switch.
; Clobbers: RAX, RCX, RDX.
set_control_registers:
        mov     eax, CR0_KERNEL
        mov     cr0, rax
        mov     eax, CR4_KERNEL
        mov     cr4, rax
        xor     eax, eax
        mov     cr8, rax

        ; Memory that is mapped now uses entry 0 only. Where firmware gave that another meaning than the architecture
        ; does, cached lines may be of the wrong type: write them back.
        mov     ecx, MSR_PAT
        rdmsr
        cmp     eax, PAT_LOW
        je      .pat_known
        wbinvd
.pat_known:
        mov     eax, PAT_LOW
        mov     edx, PAT_HIGH
        wrmsr
        mov     rax, cr3
        mov     cr3, rax                        ; the TLB keeps memory types too

        xor     eax, eax
        xor     edx, edx
        mov     ecx, MSR_FS_BASE
        wrmsr
        mov     ecx, MSR_GS_BASE
        wrmsr
        mov     ecx, MSR_KERNEL_GS_BASE
        wrmsr
        ret

; Clobbers: RAX.
clear_debug_registers:
        mov     eax, 0x400                      ; bit 10 is always 1
        mov     dr7, rax
        mov     eax, 0xffff0ff0
        mov     dr6, rax
        xor     eax, eax
        mov     dr0, rax
        mov     dr1, rax
        mov     dr2, rax
        mov     dr3, rax
        ret

; x87 and SSE as after FNINIT and with MXCSR = 0x1f80.
clear_vectors:
        fninit
        ldmxcsr [mxcsr_default]
%assign register 0
%rep 16
        xorps   xmm %+ register, xmm %+ register
%assign register register + 1
%endrep
        ret

; --------------------------------------------------------------------------------------------------------------------
; Where the stubs go that handoff.c writes, one a vector: they complete the frame to error code and vector. Entered through
; the IDT on a stack of the TSS, with whatever the kernel had in its registers.
;
; Completes struct fault (report.c) and reports it. Does not return.
handoff_caught:
        cld
        push    rax
        push    rcx
        push    rdx
        push    rbx
        push    rbp
        push    rsi
        push    rdi
        push    r8
        push    r9
        push    r10
        push    r11
        push    r12
        push    r13
        push    r14
        push    r15
        mov     rdi, rsp
        and     rsp, -16
        call    handoff_report
        ud2

; --------------------------------------------------------------------------------------------------------------------
        section .rodata

mxcsr_default:
        dd      0x1f80

; Flat segments, accessed bits set: the CPU need not write here.
        align   8
handoff_transition_gdt:
        dq      0
        dq      0x00cf9b000000ffff              ; CODE32
        dq      0x00cf93000000ffff              ; DATA32
        dq      0x00af9b000000ffff              ; CODE64

        section .note.GNU-stack noalloc noexec nowrite progbits
