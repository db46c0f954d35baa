; What a BIOS finds in the boot sector of an image that was made for UEFI alone: a sentence.
;
; Entry:  from the BIOS, real mode, at linear 0x7c00; nothing else is relied on.
; Exit:   none: "BOOT-ERR U 1 ..." on screen, COM1 and port 0xe9, then a halt with interrupts off.
; Memory: reads itself; stack below LOW_STAGE1_START.
;
; Bytes 3..0x59 are left alone, as in stage 1: a FAT parameter block may stand there.

%include "low_memory.inc"
%include "image_format.inc"

bits 16
cpu 386

section .stage1 progbits alloc exec write
uefi_only:
        jmp     short start
        nop                         ; as a FAT boot sector begins
        times BIOS_STAGE1_GAP_END - ($ - uefi_only) db 0

start:
%include "stage1/start.inc"
%include "stage1/fail.inc"

message db      13, 10, "BOOT-ERR U 1 this disk boots by UEFI only: switch the firmware's setup to UEFI, "
        db      "or make the image without --only uefi", 13, 10, 0

; In the place of stage 1's patch area: tells imgtool what this is.
section .patch progbits alloc noexec write
        db      BIOS_UEFI_ONLY_MAGIC
        times 8 db 0

section .note.GNU-stack noalloc noexec nowrite progbits
