; The network boot program (NBP), which a PXE ROM loads: this code, then stages.bin as imgtool writes it to disks. Moves the
; stages to where they run, tells them how to call the ROM, and starts stage 2.
;
; Entry:  from the PXE ROM (PXE 2.1, 4.4.5), real mode, at linear 0x7c00, the stages behind it; ES:BX = PXENV+, the double word at
;         SS:SP + 4 = far pointer to !PXE. Neither pointer is trusted: stage 4 checks what they point to.
; Exit:   to stage 2 at LOW_LOADER_START:0030, real mode, DL = 0 (no drive), EDI = far pointer to !PXE, ESI = to PXENV+,
;         DS = ES = SS = 0, SP = LOW_STAGE1_START, IF = 1, DF = 0. The stages lie from LOW_LOADER_START on,
;         the overlay from LOW_PACKED_OVERLAY_START on.
; Memory: reads itself; stack below LOW_STAGE1_START; writes LOW_LOADER up to the size of the stages, and
;         LOW_PACKED_OVERLAY. The ROM's own memory is what
;         INT 12h leaves out.
;
; The checksum of the stages is stage 2's business: the ROM has got all of the file, or we would not run.

%include "low_memory.inc"
%include "image_format.inc"

STAGES_SOURCE       equ LOW_STAGE1_START + BIOS_NETBOOT_SIZE
SECTOR_SHIFT        equ 9
SECTORS_MAX         equ (LOW_PACKED_OVERLAY_END - LOW_PACKED_OVERLAY_START) >> SECTOR_SHIFT ; of the stages as of the overlay
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
        call    sectors_of
        mov     dx, cx                  ; sectors of the stages
        imul    bx, dx, SECTOR_PARAGRAPHS
        add     bx, STAGES_SOURCE >> 4  ; the overlay lies behind them, where they go to: it goes first
        int     0x12                    ; AX = KiB of memory that are not the ROM's
        cmp     ax, LOW_END >> 10
        jb      .no_room                ; stage 2 tells; nobody will want the overlay
        mov     eax, [STAGES_SOURCE + bios_stages_header.overlay_packed_size]
        call    sectors_of
        mov     bp, LOW_PACKED_OVERLAY_START >> 4
        call    move_sectors
.no_room:
        mov     cx, dx
        mov     bx, STAGES_SOURCE >> 4
        mov     bp, LOW_LOADER_START >> 4
        call    move_sectors
        pop     esi
        pop     edi
        xor     dx, dx
        mov     ds, dx
        mov     es, dx
        jmp     (LOW_LOADER_START >> 4):bios_stages_header_size

; In: EAX bytes. Out: CX sectors, at least 1 and at most SECTORS_MAX. Clobbers: EAX.
sectors_of:
        dec     eax                     ; 0 is too many, too
        shr     eax, SECTOR_SHIFT
        cmp     eax, SECTORS_MAX
        jb      .size_known
        mov     ax, SECTORS_MAX - 1
.size_known:
        inc     ax
        xchg    ax, cx
        ret

; Moves sectors, the last one first: a place may overlap the end of the other.
; In: CX sectors, BX and BP segments, from and to; DF = 0. Clobbers: AX, CX, SI, DI, ES.
move_sectors:
        push    ds
.sector:
        dec     cx
        imul    di, cx, SECTOR_PARAGRAPHS
        lea     ax, [bx + di]
        mov     ds, ax
        lea     ax, [bp + di]
        mov     es, ax
        xor     si, si
        xor     di, di
        push    cx
        mov     cx, BIOS_SECTOR_SIZE / 4
        rep     movsd
        pop     cx
        test    cx, cx
        jnz     .sector
        pop     ds
        ret

        times BIOS_NETBOOT_SIZE - ($ - netboot) db 0

section .note.GNU-stack noalloc noexec nowrite progbits
