; Stage 1 of a CD: what a BIOS loads by El Torito, without emulation. Loads stages 2 to 4 and jumps to stage 2, as stage1.asm
; does on a disk; its sectors have 2048 bytes.
;
; Entry:  from the BIOS, real mode, at linear 0x7c00 (CS:IP 07c0:0000 or 0000:7c00), DL = drive, often 0xe0 or more. Nothing
;         else is relied on. The BIOS has loaded one sector of the CD, of which this is the start.
; Exit:   to stage 2 as from stage1.asm, but DI = 2048: the drive's sectors have so many bytes, whatever INT 13h/48h says.
; Memory: reads and writes itself; stack below LOW_STAGE1_START; writes LOW_LOADER up to the size of the stages. What else the BIOS
;         has loaded, up to 0x8400, is not needed.
;
; Failure: "BOOT-ERR <letter> 1" as in stage1.asm: D, E, M, R. Unless it is R, all drives from 0x80 on are tried first: some BIOSes
; pass the number of another drive.

%include "low_memory.inc"
%include "image_format.inc"

DRIVE_FIRST         equ 0x80
DRIVE_LAST          equ 0xfe
SECTOR_SHIFT        equ 2           ; sectors of 2048 bytes

bits 16
cpu 386

section .stage1 progbits alloc exec write
stage1_cd:
%include "stage1/start.inc"
        call    load_from
        mov     [letter], al        ; only back here when that failed
        cmp     al, 'R'
        je      fail
        mov     dl, DRIVE_FIRST
.drive:
        call    load_from
        inc     dx
        cmp     dl, DRIVE_LAST
        jbe     .drive

%include "stage1/fail.inc"

%include "stage1/load.inc"

%include "stage1/end.inc"
