; The network boot program (NBP), which a PXE ROM loads: this code, then stages.bin as imgtool writes it to disks. Moves the
; stages to where they run, tells them how to call the ROM, and starts stage 2.
;
; Entry:  from the PXE ROM (PXE 2.1, 4.4.5), real mode, at linear 0x7c00, the stages behind it; ES:BX = PXENV+, the double word at
;         SS:SP + 4 = far pointer to !PXE. Neither pointer is trusted: stage 4 checks what they point to.
; Exit:   to stage 2 at LOW_LOADER_START:0020, real mode, DL = 0 (no drive), EDI = far pointer to !PXE, ESI = to PXENV+,
;         DS = ES = SS = 0, SP = LOW_STAGE1_START, IF = 1, DF = 0. The stages lie from LOW_LOADER_START on.
; Memory: reads itself; stack below LOW_STAGE1_START; writes LOW_LOADER up to the size of the stages. The ROM's own memory is what
;         INT 12h leaves out.
;
; The checksum of the stages is stage 2's business: the ROM has got all of the file, or we would not run.

%include "low_memory.inc"
%include "image_format.inc"

STAGES_SOURCE       equ LOW_STAGE1_START + BIOS_NETBOOT_SIZE
STAGES_SECTORS_MAX  equ 128 * 1024 / BIOS_SECTOR_SIZE
SECTOR_PARAGRAPHS   equ BIOS_SECTOR_SIZE / 16

bits 16
cpu 386

section .netboot progbits alloc exec write
netboot:
        mov     bp, sp
        mov     edi, [bp + 4]           ; !PXE
        mov     si, es
        shl     esi, 16
        mov     si, bx                  ; PXENV+
%include "stage1/start.inc"
        push    edi
        push    esi
        mov     eax, [STAGES_SOURCE + bios_stages_header.size]
        shr     eax, 9
        dec     eax                     ; 0 is too many, too
        cmp     eax, STAGES_SECTORS_MAX
        jb      .size_known
        mov     ax, STAGES_SECTORS_MAX - 1
.size_known:
        inc     ax
        mov     dx, ax                  ; sectors left; the last one first, for the new place overlaps the old one's end
.sector:
        dec     dx
        imul    bx, dx, SECTOR_PARAGRAPHS
        lea     ax, [bx + (STAGES_SOURCE >> 4)]
        mov     ds, ax
        lea     ax, [bx + (LOW_LOADER_START >> 4)]
        mov     es, ax
        xor     si, si
        xor     di, di
        mov     cx, BIOS_SECTOR_SIZE / 4
        rep     movsd
        test    dx, dx
        jnz     .sector
        pop     esi
        pop     edi
        xor     dx, dx
        mov     ds, dx
        mov     es, dx
        jmp     (LOW_LOADER_START >> 4):bios_stages_header_size

        times BIOS_NETBOOT_SIZE - ($ - netboot) db 0

section .note.GNU-stack noalloc noexec nowrite progbits
