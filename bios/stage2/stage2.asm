; Stage 2: the last real-mode code. Checks the machine and the stages, switches A20 on, and leaves behind the glove box
; through which stage 4 calls the BIOS. Begins with the header that image_format.h describes.
;
; Entry:  from stage 1 or the network boot program, real mode, LOW_LOADER_START >> 4 : bios_stages_header_size, DL = drive
;         and DI = bytes of its sectors if it is a CD, else 0; or DL = 0 and EDI, ESI = the PXE ROM's pointers; any other segments, flags and stack. All stages lie in memory from LOW_LOADER_START on,
;         without a drive the overlay, too, at LOW_PACKED_OVERLAY_START.
; Exit:   to stage3_entry in 32-bit protected mode: flat segments, GDT of gdt.inc, IF = 0, DF = 0, ESP =
;         LOW_REAL_STACK_END, EDI = LOW_PAGE_TABLES_START, ESI = struct stage_handoff.
; Memory: its own section (code and data, below 64 KiB from LOW_LOADER_START), LOW_REAL_STACK; reads LOW_STAGE1 and the BIOS data
;         area; stage 4 unpacked behind its own section, by way of LOW_OVERLAY.
;
; Failure: "BOOT-ERR <code> 2 <text>", codes of common/status.h.

%include "low_memory.inc"
%include "image_format.inc"
%include "stage_handoff.inc"
%include "x86.inc"

; Real-mode code addresses memory by its offset in this section, other modes by linear address.
%define OFFSET_OF(label) ((label) - stage2_start)
%define LINEAR(label)    (LOW_LOADER_START + OFFSET_OF(label))

extern stage3_entry

STAGES_SIZE_MAX         equ LOW_PACKED_OVERLAY_START - LOW_OVERLAY_START ; where the packed stage 4 is moved to
BDA_EBDA_SEGMENT        equ 0x40e
INTEL_TARGET_LONG_MODE  equ 2
PATCH                   equ LOW_STAGE1_START + BIOS_STAGE1_PATCH_OFFSET

section .stage2 progbits alloc exec write align=16
stage2_start:
header:
        db      BIOS_STAGES_MAGIC
        dd      0                       ; image_id
        dd      0                       ; size
        dd      0                       ; sum
        dd      BIOS_STAGES_FORMAT
        times bios_stages_header_size - ($ - header) db 0 ; set by pack_stages

bits 16
stage2_entry:
        cli
        cld
        xor     ax, ax
        mov     ss, ax
        mov     sp, LOW_REAL_STACK_END
        mov     es, ax
        mov     ax, cs
        mov     ds, ax
        sti
        movzx   edx, dl
        xor     eax, eax
        test    dl, dl                  ; only the network boot program names no drive
        jz      .network
        mov     ax, di
        xor     edi, edi
        xor     esi, esi
.network:
        push    eax
        push    edi
        push    esi
        push    edx

        call    cpu_check_long_mode
        mov     si, OFFSET_OF(text_no_long_mode)
        jc      fail
        call    cpu_timestamp
        push    edx
        push    eax
        call    stages_check            ; before the first write to this section, which would change the checksum
        mov     si, OFFSET_OF(text_damaged)
        jc      fail
        pop     dword [OFFSET_OF(handoff) + stage_handoff.entry_tsc]
        pop     dword [OFFSET_OF(handoff) + stage_handoff.entry_tsc + 4]
        pop     dword [OFFSET_OF(handoff) + stage_handoff.drive]
        pop     dword [OFFSET_OF(handoff) + stage_handoff.pxenv]
        pop     dword [OFFSET_OF(handoff) + stage_handoff.pxe]
        pop     dword [OFFSET_OF(handoff) + stage_handoff.cd_sector_size]
        call    look_at_stage1
        call    look_at_low_memory
        mov     si, OFFSET_OF(text_low_memory)
        cmp     word [OFFSET_OF(handoff) + stage_handoff.low_memory_kib], LOW_END >> 10
        jb      fail
        call    a20_enable
        mov     si, OFFSET_OF(text_no_a20)
        jc      fail
        mov     ax, 0xec00              ; INT 15h "target mode": lets the BIOS prepare for 64-bit callers (AMD); fails
        mov     bl, INTEL_TARGET_LONG_MODE ; harmlessly elsewhere
        int     0x15
        mov     ax, cs
        mov     ds, ax
        call    keep_bios_state

        cli
        cld
        lgdt    [OFFSET_OF(gdt_pointer)]
        mov     eax, cr0
        or      al, CR0_PE
        mov     cr0, eax
        jmp     dword SELECTOR_CODE32:LINEAR(.protected)

bits 32
.protected:
        mov     ax, SELECTOR_DATA
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     fs, ax
        mov     gs, ax
        mov     esp, LOW_REAL_STACK_END
        call    stage4_unpack
        mov     edi, LOW_PAGE_TABLES_START
        mov     esi, LINEAR(handoff)
        mov     eax, stage3_entry
        jmp     eax

bits 16
; Remembers where the stages lie on the drive: stage 1 is still in its place.
; In: DS = stage 2's segment, ES = 0. Clobbers: EAX.
look_at_stage1:
        mov     eax, [es:PATCH + bios_stage1_patch.stages_lba]
        mov     [OFFSET_OF(handoff) + stage_handoff.stages_lba], eax
        mov     eax, [es:PATCH + bios_stage1_patch.stages_lba + 4]
        mov     [OFFSET_OF(handoff) + stage_handoff.stages_lba + 4], eax
        ret

; Asks how much memory there is below 640 KiB, and where the BIOS keeps its extended data.
; In: DS = stage 2's segment, ES = 0. Clobbers: AX.
look_at_low_memory:
        int     0x12                    ; AX = KiB
        mov     [OFFSET_OF(handoff) + stage_handoff.low_memory_kib], ax
        mov     ax, [es:BDA_EBDA_SEGMENT]
        mov     [OFFSET_OF(handoff) + stage_handoff.ebda_segment], ax
        ret

; Remembers the control registers that the BIOS works with.
; In: DS = stage 2's segment, a CPU with long mode. Clobbers: EAX, ECX, EDX.
keep_bios_state:
        mov     eax, cr0
        and     al, ~CR0_PE & 0xff
        mov     [OFFSET_OF(bios_cr0)], eax
        mov     eax, cr4
        mov     [OFFSET_OF(bios_cr4)], eax
        mov     ecx, EFER
        rdmsr
        mov     [OFFSET_OF(bios_efer)], eax
        ret

%include "stage2/cpu.inc"
%include "stage2/a20.inc"
%include "stage2/checksum.inc"
%include "stage2/fail.inc"
%include "stage2/gdt.inc"
%include "stage2/glove_box.inc"
bits 32
%include "stage2/unpack.inc"
bits 16

text_no_long_mode db "101 2 this CPU has no 64-bit mode, and the kernel needs one: use a 64-bit machine", 0
text_damaged    db "213 2 the loader is damaged: write the image to the disk, or the boot directory to the server, again", 0
text_low_memory db "601 2 less than 512 KiB of memory below 1 MiB is free: remove option ROMs or resident boot programs", 0
text_no_a20     db "103 2 address line A20 can't be switched on: look for a 'Gate A20' setting of the firmware", 0

        align   8, db 0
handoff:
        istruc  stage_handoff
            at stage_handoff.entry_tsc, dq 0
            at stage_handoff.bios_call, dq LINEAR(bios_call)
            at stage_handoff.gdt, dq LINEAR(gdt)
            at stage_handoff.drive, dd 0
            at stage_handoff.low_memory_kib, dw 0
            at stage_handoff.ebda_segment, dw 0
            at stage_handoff.pxe, dd 0
            at stage_handoff.pxenv, dd 0
            at stage_handoff.cd_sector_size, dd 0
            at stage_handoff.reserved, dd 0
            at stage_handoff.stages_lba, dq 0
        iend

section .note.GNU-stack noalloc noexec nowrite progbits
