; Stage 3: from 32-bit protected mode to 64-bit long mode. Position independent; uses no memory but what it is given, and
; its stack. A CPU exception before long mode ends in a BOOT-ERR line instead of a triple fault.
;
; Entry:  32-bit protected mode without paging, flat CS, DS, ES and SS, GDT with the selectors of x86.inc, IF = 0, a stack
;         of 1 KiB; a CPU with long mode, A20 on. EDI = 6 frames for page tables, 4 KiB aligned, below 4 GiB. ESI = argument for
;         stage 4.
; Exit:   to stage4_entry in long mode: RDI = ESI, first 4 GiB mapped one to one (2 MiB pages, writable, executable),
;         CR0 = PE MP ET NE WP PG, CR4 = PAE, EFER = LME and, where the CPU has it, NXE; SS = DS = ES = SELECTOR_DATA,
;         FS = GS = 0, RSP somewhat below what ESP was, IF = 0, DF = 0.

%include "x86.inc"

FRAME           equ 4096
TABLE_FRAMES    equ 6                   ; root, next level, four directories
DIRECTORIES     equ 4                   ; 1 GiB each
TABLE_ENTRIES   equ 512
CR0_ET          equ 1 << 4              ; fixed
GATES           equ 32
GATE_SIZE       equ 8
GATE_INTERRUPT32 equ 0x8e00
TEXT_SCREEN     equ 0xb8000
TEXT_COLOUR     equ 0x4f
COM1            equ 0x3f8
COM1_STATUS     equ COM1 + 5
COM1_READY      equ 0x20
DEBUG_PORT      equ 0xe9

extern stage4_entry
global stage3_entry, stage3_fail

section .stage3 progbits alloc exec nowrite align=16
bits 32
stage3_entry:
        cld
        call    catch_exceptions
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
; Loads an interrupt table, kept on the stack for good, whose gates all lead to `exception`.
; Preserves: EDI, ESI. Clobbers: EAX, EBX, ECX, EDX, ESP (takes room).
catch_exceptions:
        pop     edx                     ; return address
        sub     esp, GATES * GATE_SIZE
        mov     ebx, esp
        call    .here
.here:
        pop     eax
        add     eax, exception - .here
        movzx   ecx, ax
        or      ecx, SELECTOR_CODE32 << 16
        and     eax, 0xffff0000
        mov     ax, GATE_INTERRUPT32
        push    edx
        xor     edx, edx
.gate:
        mov     [ebx + edx * GATE_SIZE], ecx
        mov     [ebx + edx * GATE_SIZE + 4], eax
        inc     edx
        cmp     edx, GATES
        jb      .gate
        push    ebx                     ; limit and base, as lidt wants them: six bytes
        push    word GATES * GATE_SIZE - 1
        lidt    [esp]
        add     esp, 6
        ret

exception:
        cld
        call    .here
.here:
        pop     esi
        add     esi, text_exception - .here
; Tells on COM1, port 0xe9 and the text screen, and stops.
; In: flat 32-bit segments, DF = 0, ESI = text that ends with 0. No stack is needed.
stage3_fail:
        mov     edi, TEXT_SCREEN
.next:
        lodsb
        test    al, al
        jz      .halt
        mov     ah, TEXT_COLOUR
        stosw
        out     DEBUG_PORT, al
        mov     bl, al
        xor     cx, cx                  ; 65536 looks at most: there may be no serial port
        mov     dx, COM1_STATUS
.busy:
        in      al, dx
        test    al, COM1_READY
        loopz   .busy, cx
        mov     dx, COM1
        mov     al, bl
        out     dx, al
        jmp     .next
.halt:
        cli
        hlt
        jmp     .halt

text_exception  db "BOOT-ERR 901 3 CPU exception on the way to long mode: report this line as a bug", 13, 10, 0

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
