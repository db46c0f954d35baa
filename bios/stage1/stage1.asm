; Stage 1: the code part of the master boot record. Loads stages 2 to 4 in one go and jumps to stage 2.
;
; Entry:  from the BIOS, real mode, at linear 0x7c00 (CS:IP 0000:7c00 or 07c0:0000), DL = drive. Nothing else is relied
;         on: segments, stack, direction flag, A20 and DL itself may be anything.
; Exit:   to stage 2 at LOW_LOADER_START:0030, real mode, DL = drive, DI = 0, DS = ES = SS = 0, SP = LOW_STAGE1_START,
;         IF = 1, DF = 0. The stages lie from LOW_LOADER_START on.
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
SECTOR_SHIFT        equ 0           ; sectors of 512 bytes

bits 16
cpu 386

section .stage1 progbits alloc exec write
stage1:
        jmp     short start
        nop                         ; as a FAT boot sector begins
        times BIOS_STAGE1_GAP_END - ($ - stage1) db 0

start:
%include "stage1/start.inc"
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

%include "stage1/load.inc"

%include "stage1/end.inc"
