; The front of a directly started file: its headers, and the way from any starter's 32-bit state to stage 3. The whole
; section is position independent.
;
; Entry:  multiboot_entry: from a Multiboot 1 or 2 loader: EAX = its magic number, EBX = its information.
;         pvh_entry: from a VMM or Xen: EBX = struct hvm_start_info.
;         Both: 32-bit protected mode without paging, flat CS, DS, ES and SS, IF = 0. Nothing else is relied upon: no stack,
;         no GDT behind the selectors, no other register or flag, no other bit of CR0 and CR4. The image lies at any
;         multiple of 4 KiB below 4 GiB, every byte as far from the first as in the file.
; Exit:   to stage3_entry, as it wants it; ESI = struct direct_entry.
; Memory: writes this image's own .data and .bss, and for a moment the first four bytes of the starter's information: the
;         only memory that is known to be free for anything before the own address is known.
;
; Failure: "BOOT-ERR <code> direct <text>", codes of common/status.h.

%include "x86.inc"

LOAD_ADDRESS            equ 0x200000    ; DIRECT_LOAD_ADDRESS
PAGE                    equ 4096
FORMAT                  equ 1

ENTRY_PVH               equ 0x336ec578

%define OFFSET_OF(label) ((label) - image_start)
%define LINEAR(label)    (LOAD_ADDRESS + OFFSET_OF(label))

extern loader_end, direct_tables, entry_stack_end, stage3_entry, stage3_fail
global image_start, image_header

struc direct_entry
    .tsc:       resq 1
    .base:      resq 1
    .gdt:       resq 1
    .kind:      resd 1
    .info:      resd 1
endstruc

section .direct progbits alloc exec nowrite align=4096
bits 32
image_start:
; --- ELF64 header (System V ABI, chapter 4)
        db      0x7f, "ELF", 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
        dw      2                       ; ET_EXEC
        dw      62                      ; x86_64
        dd      1
        dq      LINEAR(multiboot_entry)
        dq      OFFSET_OF(segment_load)
        dq      0                       ; no sections
        dd      0
        dw      64, 56, 2, 64, 0, 0

segment_load: ; PT_LOAD: the whole file
        dd      1, 7
        dq      0
        dq      LOAD_ADDRESS, LOAD_ADDRESS
        dq      0, 0                    ; sizes: filled in by imgtool
        dq      PAGE
        ; PT_NOTE. QEMU rounds the note's name by p_align, so that must be 4 although the description has 8 bytes.
        dd      4, 4
        dq      OFFSET_OF(notes)
        dq      LINEAR(notes), LINEAR(notes)
        dq      notes_end - notes, notes_end - notes
        dq      4

; --- struct direct_header
image_header:
        db      "STGCDRCT"
        dd      FORMAT
        dd      loader_end - image_start
        dq      0                       ; archive_size: filled in by imgtool

; --- Multiboot 1 (Multiboot Specification 0.6.96, 3.1)
MB1_PAGE_ALIGN          equ 1 << 0
MB1_MEMORY_INFO         equ 1 << 1
MB1_ADDRESSES           equ 1 << 16     ; makes loaders take an ELF64 file, too
MB1_MAGIC               equ 0x1badb002
MB1_FLAGS               equ MB1_PAGE_ALIGN | MB1_MEMORY_INFO | MB1_ADDRESSES
multiboot1:
        dd      MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)
        dd      LINEAR(multiboot1), LOAD_ADDRESS
        dd      0, 0                    ; ends: filled in by imgtool
        dd      LINEAR(multiboot_entry)

; --- Multiboot 2 (Multiboot2 Specification 2.0, 3.1)
MB2_MAGIC               equ 0xe85250d6
MB2_OPTIONAL            equ 1
        align   8, db 0
multiboot2:
        dd      MB2_MAGIC, 0, multiboot2_end - multiboot2
        dd      -(MB2_MAGIC + (multiboot2_end - multiboot2))
        dw      5, MB2_OPTIONAL         ; framebuffer: any size and depth
        dd      20, 0, 0, 0
        align   8, db 0
        dw      6, 0                    ; modules on pages
        dd      8
        dw      10, MB2_OPTIONAL        ; relocatable
        dd      24
multiboot2_range:
        dd      1 << 20, 0xffffffff, PAGE
        dd      0                       ; no preference of place
        dw      0, 0                    ; end
        dd      8
multiboot2_end:

; --- notes of Xen's PVH (xen/include/public/elfnote.h)
        align   4, db 0
notes:
        dd      4, 8, 18                ; XEN_ELFNOTE_PHYS32_ENTRY
        db      "Xen", 0
        dq      LINEAR(pvh_entry)
        dd      4, 12, 19               ; XEN_ELFNOTE_PHYS32_RELOC: alignment, lowest address, last byte's highest
        db      "Xen", 0
        dd      PAGE, 1 << 20, 0xffffffff
notes_end:

; --- code
offset_of_tables:       dd direct_tables - image_start
offset_of_stack:        dd entry_stack_end - image_start
offset_of_gdt:          dd gdt - image_start
offset_of_entry:        dd entry - image_start
offset_of_fail:         dd stage3_fail - image_start
offset_of_stage3:       dd stage3_entry - image_start

pvh_entry:
        mov     eax, ENTRY_PVH
multiboot_entry:
        cli
        cld
        mov     ebp, [ebx]              ; the call below overwrites it
        lea     esp, [ebx + 4]
        call    .here
.here:
        pop     edx
        mov     [ebx], ebp
        sub     edx, OFFSET_OF(.here)
        mov     ebp, edx                ; base of the image, for good
        mov     esp, edx
        add     esp, [edx + OFFSET_OF(offset_of_stack)]
        push    dword 2                 ; no trap flag, no alignment checks, no nested task
        popfd
        mov     esi, ebp
        add     esi, [ebp + OFFSET_OF(offset_of_entry)]
        mov     [esi + direct_entry.kind], eax
        mov     [esi + direct_entry.info], ebx

        mov     edi, ebp
        add     edi, [ebp + OFFSET_OF(offset_of_gdt)]
        mov     [esi + direct_entry.gdt], edi
        mov     [esi + direct_entry.base], ebp
        push    edi
        push    word GDT_SIZE - 1
        lgdt    [esp]
        add     esp, 6
        lea     eax, [ebp + OFFSET_OF(.flat)]
        push    dword SELECTOR_CODE32
        push    eax
        retf
.flat:
        mov     eax, SELECTOR_DATA
        mov     ds, eax
        mov     es, eax
        mov     fs, eax
        mov     gs, eax
        mov     ss, eax

        lea     eax, [ebp + OFFSET_OF(text_misplaced)]
        test    ebp, PAGE - 1
        jnz     .fail
        call    cpu_check_long_mode
        lea     eax, [ebp + OFFSET_OF(text_no_long_mode)]
        jc      .fail
        call    cpu_timestamp
        mov     [esi + direct_entry.tsc], eax
        mov     [esi + direct_entry.tsc + 4], edx
        mov     edi, ebp
        add     edi, [ebp + OFFSET_OF(offset_of_tables)]
        mov     eax, ebp
        add     eax, [ebp + OFFSET_OF(offset_of_stage3)]
        jmp     eax
.fail:
        mov     esi, eax
        add     ebp, [ebp + OFFSET_OF(offset_of_fail)]
        jmp     ebp

%include "cpu.inc"

text_misplaced          db "BOOT-ERR 110 direct the file was loaded at an address that is no multiple of 4 KiB", 13, 10, 0
text_no_long_mode       db "BOOT-ERR 101 direct this CPU has no 64-bit mode: use an x86_64 machine", 13, 10, 0

section .data progbits alloc noexec write align=16
gdt:
        dq      0
        dq      0x00af9b000000ffff      ; SELECTOR_CODE64
        dq      0x00cf93000000ffff      ; SELECTOR_DATA
        dq      0x00cf9b000000ffff      ; SELECTOR_CODE32
        dq      0, 0                    ; 16-bit ones, of which this door has none
        dq      0, 0                    ; SELECTOR_TSS
GDT_SIZE                equ $ - gdt
entry:                                  ; struct direct_entry
        times   direct_entry_size db 0

section .note.GNU-stack noalloc noexec nowrite progbits
