; Stage 1: the code part of the master boot record. Loads stages 2 to 4 in one go and jumps to stage 2.
;
; Entry:  from the BIOS, real mode, at linear 0x7c00 (CS:IP 0000:7c00 or 07c0:0000), DL = drive. Nothing else is relied
;         on: segments, stack, direction flag, A20 and DL itself may be anything.
; Exit:   to stage 2 at LOW_LOADER_START:0020, real mode, DL = drive, DS = ES = SS = 0, SP = LOW_STAGE1_START, IF = 1,
;         DF = 0. The stages lie from LOW_LOADER_START on.
; Memory: reads and writes itself; stack below LOW_STAGE1_START; writes LOW_LOADER up to the size of the stages.
;
; Failure: "BOOT-ERR <letter> 1" on screen, COM1 and port 0xe9, then a halt with interrupts off:
;   D  the BIOS gave no hard disk number, and no drive 0x80-0x8f holds this image
;   E  the drive has no EDD disk services
;   M  what was read are not the stages of this image: image copied in part, or to another place
;   R  a sector can't be read, after resets and with transfers down to one sector
; Unless it is R, the drives 0x80-0x8f are tried first: a BIOS that passes a wrong number is more likely than any other
; cause, and image_id tells the right one.
;
; Bytes 3..0x59 are left alone: firmware that takes a USB stick for a floppy disk writes a parameter block there.

%include "low_memory.inc"
%include "image_format.inc"

DRIVE_FIRST         equ 0x80
DRIVE_LAST          equ 0x8f
EDD_SECTORS_MAX     equ 127         ; per call (Phoenix EDD 1.1); SeaBIOS refuses more than 64 KiB
SEGMENT_SECTORS     equ 128         ; sectors in 64 KiB: a transfer must not cross such a line (ISA DMA)
SECTOR_PARAGRAPHS   equ BIOS_SECTOR_SIZE / 16
READ_TRIES          equ 3           ; with one sector
MAGIC_START         equ "STGC"      ; the first four bytes of BIOS_STAGES_MAGIC

bits 16
cpu 386

section .stage1 progbits alloc exec write
stage1:
        jmp     short start
        nop                         ; as a FAT boot sector begins
        times BIOS_STAGE1_GAP_END - ($ - stage1) db 0

start:
        cli
        cld
        xor     ax, ax
        mov     ss, ax
        mov     sp, LOW_STAGE1_START
        mov     ds, ax
        mov     es, ax
        jmp     0:.normalised
.normalised:
        sti
        cmp     dl, DRIVE_FIRST
        jb      scan
        cmp     dl, DRIVE_LAST
        ja      scan
        call    load_from
        mov     [letter], al        ; only back here when that failed
        cmp     al, 'R'
        je      fail
scan:
        mov     dl, DRIVE_FIRST
.drive:
        call    load_from
        inc     dx
        cmp     dl, DRIVE_LAST
        jbe     .drive

%include "stage1/fail.inc"

; Loads the stages from one drive and starts them.
; In: DL drive; DS = ES = 0. Out: returns only on failure, AL = letter. Preserves: DX. Clobbers: the rest.
load_from:
        push    dx                  ; some BIOSes destroy DL in the next call
        mov     ah, 0x41            ; INT 13h EDD check: BX 0xaa55, CX bit 0 "extended access", or CF
        mov     bx, 0x55aa
        int     0x13
        pop     dx
        mov     al, 'E'
        jc      .return
        cmp     bx, 0xaa55
        jne     .return
        shr     cx, 1
        jnc     .return

        mov     si, patch + bios_stage1_patch.stages_lba
        mov     di, packet.lba
        movsd
        movsd
        mov     word [packet.segment], LOW_LOADER_START >> 4
        mov     di, [patch + bios_stage1_patch.stages_sectors]
        mov     bp, EDD_SECTORS_MAX ; most sectors in one read
.piece:
        mov     bl, READ_TRIES
.read:
        mov     cx, [packet.segment] ; CX = sectors up to the next 64 KiB line
        shr     cx, 5
        not     cx
        and     cx, SEGMENT_SECTORS - 1
        inc     cx
        cmp     cx, bp
        jbe     .within_most
        mov     cx, bp
.within_most:
        cmp     cx, di
        jbe     .within_rest
        mov     cx, di
.within_rest:
        mov     [packet.count], cx
        pusha
        mov     si, packet
        mov     ah, 0x42            ; INT 13h EDD read: DS:SI packet, DL drive; CF on failure
        int     0x13
        popa
        jnc     .advance
        pusha
        xor     ax, ax              ; INT 13h reset
        int     0x13
        popa
        shr     bp, 1
        jnz     .read
        inc     bp
        dec     bl
        jnz     .read
        mov     al, 'R'
.return:
        ret
.advance:
        add     [packet.lba], cx    ; the 32-bit carry goes on below
        adc     word [packet.lba + 2], 0
        adc     dword [packet.lba + 4], 0
        sub     di, cx
        imul    cx, SECTOR_PARAGRAPHS
        add     [packet.segment], cx
        test    di, di
        jnz     .piece

        mov     al, 'M'
        push    LOW_LOADER_START >> 4
        pop     fs
        cmp     dword [fs:bios_stages_header.magic], MAGIC_START
        jne     .return
        mov     ecx, [fs:bios_stages_header.image_id]
        cmp     ecx, [patch + bios_stage1_patch.image_id]
        jne     .return
        mov     sp, LOW_STAGE1_START
        jmp     (LOW_LOADER_START >> 4):bios_stages_header_size

message db      13, 10, "BOOT-ERR "
letter  db      'D', " 1", 13, 10, 0

packet: ; INT 13h EDD disk address packet, its short form: seg:off address only, the flat one is not implemented everywhere
        db      16, 0
.count  dw      0
.offset dw      0
.segment dw     0
.lba    dq      0

; 16 bytes that imgtool fills in; stage1.ld puts them at the end.
section .patch progbits alloc noexec write
patch:
        times bios_stage1_patch_size db 0

section .note.GNU-stack noalloc noexec nowrite progbits
