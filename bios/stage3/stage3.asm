; Stage 3: from 32-bit protected mode to 64-bit long mode. Position independent; uses no memory but what it is given.
;
; Entry:  32-bit protected mode without paging, flat CS, DS, ES and SS, GDT with the selectors of x86.inc, IF = 0, a stack;
;         a CPU with long mode, A20 on. EDI = 6 frames for page tables, 4 KiB aligned, below 4 GiB. ESI = argument for
;         stage 4.
; Exit:   to stage4_entry in long mode: RDI = ESI, first 4 GiB mapped one to one (2 MiB pages, writable, executable),
;         CR0 = PE MP ET NE WP PG, CR4 = PAE, EFER = LME and, where the CPU has it, NXE; SS = DS = ES = SELECTOR_DATA,
;         FS = GS = 0, RSP as ESP was, IF = 0, DF = 0.

%include "x86.inc"

FRAME           equ 4096
TABLE_FRAMES    equ 6                   ; root, next level, four directories
DIRECTORIES     equ 4                   ; 1 GiB each
TABLE_ENTRIES   equ 512
CR0_ET          equ 1 << 4              ; fixed

extern stage4_entry
global stage3_entry

section .stage3 progbits alloc exec nowrite align=16
bits 32
stage3_entry:
        cld
        call    identity_tables
        mov     eax, CR4_PAE
        mov     cr4, eax
        mov     cr3, edi
        mov     eax, CPUID_EXTENDED_FEATURES
        cpuid
        mov     ebx, EFER_LME
        test    edx, CPUID_NX
        jz      .no_nx
        or      ebx, EFER_NXE
.no_nx:
        mov     ecx, EFER
        rdmsr
        or      eax, ebx
        wrmsr
        mov     eax, CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG
        mov     cr0, eax
        push    SELECTOR_CODE64
        call    .here
.here:
        add     dword [esp], .long - .here
        retf

bits 64
.long:
        mov     eax, SELECTOR_DATA
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        xor     eax, eax
        mov     fs, eax
        mov     gs, eax
        mov     esp, esp                ; the upper halves are undefined after 32-bit code
        mov     edi, esi
        jmp     stage4_entry

bits 32
; Builds tables that map the first 4 GiB to themselves.
; In: EDI frames. Preserves: EDI, ESI, ESP. Clobbers: EAX, ECX, EDX, EBP.
identity_tables:
        mov     ebp, edi
        xor     eax, eax
        mov     ecx, TABLE_FRAMES * FRAME / 4
        rep     stosd
        lea     eax, [ebp + FRAME + (PAGE_PRESENT | PAGE_WRITE)]
        mov     [ebp], eax
        mov     ecx, DIRECTORIES
        lea     edx, [ebp + FRAME]
.directory:
        add     eax, FRAME
        mov     [edx], eax
        add     edx, 8
        loop    .directory
        lea     edx, [ebp + 2 * FRAME]
        mov     eax, PAGE_PRESENT | PAGE_WRITE | PAGE_LARGE
        mov     ecx, DIRECTORIES * TABLE_ENTRIES
.page:
        mov     [edx], eax
        add     edx, 8
        add     eax, 1 << 21
        loop    .page
        mov     edi, ebp
        ret

section .note.GNU-stack noalloc noexec nowrite progbits
