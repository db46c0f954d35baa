; Headers and entries of the Multiboot kernel that checks itself.
;
; Entry: multiboot_entry: 32-bit mode, EAX = magic number, EBX = information, by the specifications; efi_entry: 64-bit mode
;        beneath UEFI, the same registers.
; Exit:  main(struct entry_state *), 32-bit mode.
; Memory: writes .data and .bss; relocates them first, by R_386_RELATIVE records.
;
; -D: VERSION=1|2; ADDRESSES (the header has them), RELOCATABLE=preference, EFI, VIDEO, CONSOLE; DEMANDS (all
; information, though no machine has all); SECTIONS=number of
; further ones; REFUSED=1 (an unknown tag or flag), 2 (information that there is not);
; LINK_ADDRESS

extern main, link_start, load_end, bss_end, relocations, relocations_end, stack_end

%ifndef REFUSED
%define REFUSED 0
%endif

        section .start progbits alloc exec write align=16
        bits    32
header:
%if VERSION == 1
  %assign FLAGS 3
  %ifdef VIDEO
    %assign FLAGS FLAGS | 4
  %endif
  %ifdef ADDRESSES
    %assign FLAGS FLAGS | 0x10000
  %endif
  %if REFUSED
    %assign FLAGS FLAGS | 0x100
  %endif
        dd      0x1badb002, FLAGS, -(0x1badb002 + FLAGS)
  %ifdef ADDRESSES
        dd      header, link_start, load_end, bss_end, multiboot_entry
  %else
        dd      0, 0, 0, 0, 0
  %endif
        dd      0, 800, 600, 32
%else
        dd      0xe85250d6, 0, header_end - header
        dd      -(0xe85250d6 + (header_end - header))
        dw      1, 0
  %if REFUSED == 2
        dd      12, 22                          ; the first that is none
  %elifdef DEMANDS
        dd      16 * 4 + 8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17, 18, 19, 20
  %else
        dd      16, 4, 6                        ; memory
  %endif
        align   8, db 0
        dw      1, 1                            ; whatever it is: optional
        dd      12, 77
        align   8, db 0
  %ifdef ADDRESSES
        dw      2, 0
        dd      24, header, link_start, load_end, bss_end
        dw      3, 0
        dd      12, multiboot_entry
        align   8, db 0
  %endif
  %ifdef CONSOLE
        dw      4, 0
        dd      12, 3
        align   8, db 0
  %endif
  %ifdef VIDEO
        dw      5, 1
        dd      20, 800, 600, 32
        align   8, db 0
  %endif
        dw      6, 0
        dd      8
  %ifdef EFI
        dw      7, 1
        dd      8
        dw      9, 0
        dd      12, efi_entry
        align   8, db 0
  %endif
  %ifdef RELOCATABLE
        dw      10, 0
        dd      24, 0x100000, 0xffffffff, 0x2000, RELOCATABLE
  %endif
        dw      999, REFUSED != 1
        dd      8
        dw      0, 0
        dd      8
%endif
header_end:

        align   16
        global  multiboot_entry, efi_entry
multiboot_entry:
        mov     esi, eax
        mov     edi, ebx
        mov     esp, 0x7000                     ; free in every PC, until it is known where the own stack is
        pushfd
        pop     ecx
        call    .here
.here:  pop     edx
        sub     edx, .here                      ; by how much it was moved: nothing has its address yet
        lea     esp, [edx + stack_end]
        mov     [edx + state.eax], esi
        mov     [edx + state.ebx], edi
        mov     [edx + state.eflags], ecx
        mov     eax, cr0
        mov     [edx + state.cr0], eax
        mov     eax, cr4
        mov     [edx + state.cr4], eax
        jmp     start_c

        bits    64
efi_entry:
        cld
        mov     r12d, eax                       ; magic
        mov     r13d, ebx                       ; information
        lea     rbp, [rel header]
        lea     r14, [rbp + map_buffer - header]
        lea     rsi, [r13 + 8]
.tag:   mov     eax, [rsi]
        cmp     eax, 12
        jne     .not12
        mov     r15, [rsi + 8]                  ; system table
.not12: cmp     eax, 20
        jne     .not20
        mov     rbx, [rsi + 8]                  ; image handle
.not20: test    eax, eax
        jz      .tags_done
        mov     eax, [rsi + 4]
        add     rax, 7
        and     rax, -8
        add     rsi, rax
        jmp     .tag
.tags_done:
        and     rsp, -16
        sub     rsp, 80
        mov     qword [rsp + 56], map_buffer_size
        lea     rcx, [rsp + 56]
        mov     rdx, r14
        lea     r8, [rsp + 64]                  ; key
        lea     r9, [rsp + 48]
        lea     rax, [rsp + 40]
        mov     [rsp + 32], rax
        mov     rax, [r15 + 96]                 ; boot services
        call    [rax + 56]                      ; GetMemoryMap
        test    rax, rax
        jnz     .failed
        mov     rcx, rbx
        mov     rdx, [rsp + 64]
        mov     rax, [r15 + 96]
        call    [rax + 232]                     ; ExitBootServices
        test    rax, rax
        jnz     .failed
        mov     dword [rbp + state.boot_services - header], 1
.failed:
        cli
        mov     [rbp + state.eax - header], r12d
        mov     [rbp + state.ebx - header], r13d
        mov     dword [rbp + state.eflags - header], 2
        lea     rsp, [rbp + small_stack_end - header]
        lea     rax, [rbp + gdt - header]
        mov     [rbp + gdt_pointer + 2 - header], rax
        lgdt    [rbp + gdt_pointer - header]
        lea     rax, [rbp + .narrow - header]
        push    8
        push    rax
        retfq
        bits    32
.narrow:
        mov     eax, 0x11
        mov     cr0, eax
        mov     eax, 16
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     fs, eax
        mov     gs, eax
        call    .here
.here:  pop     edx
        sub     edx, .here
        lea     esp, [edx + stack_end]
        mov     dword [edx + state.cr0], 0x11
        mov     dword [edx + state.cr4], 0

; EDX: by how much it was moved.
start_c:
        mov     [edx + state.cs], cs
        mov     [edx + state.ds], ds
        mov     [edx + state.es], es
        mov     [edx + state.fs], fs
        mov     [edx + state.gs], gs
        mov     [edx + state.ss], ss
        mov     [edx + state.moved], edx
        cld
        lea     ebp, [edx + main]
        lea     ecx, [edx + state]
        lea     esi, [edx + relocations]
        lea     edi, [edx + relocations_end]
.next:  cmp     esi, edi
        jae     .relocated
        mov     eax, [esi]
        add     [eax + edx], edx
        add     esi, 8
        jmp     .next
.relocated:
        push    ecx
        call    ebp
.stop:  cli
        hlt
        jmp     .stop

        align   8
state:
.eax:           dd 0
.ebx:           dd 0
.eflags:        dd 0
.cr0:           dd 0
.cr4:           dd 0
.cs:            dd 0
.ds:            dd 0
.es:            dd 0
.fs:            dd 0
.gs:            dd 0
.ss:            dd 0
.boot_services: dd 0
.moved:         dd 0

        align   8
gdt:            dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_pointer:    dw 23
                dq 0
        align   16
                times 64 db 0
small_stack_end:
%ifdef EFI
map_buffer_size equ 65536
%else
map_buffer_size equ 16
%endif
map_buffer:     times map_buffer_size db 0

; Names, too, that the linker keeps apart: what they hold is told from where the loader has put it.
%ifdef SECTIONS
  %assign number 0
  %rep SECTIONS
        section .many%[number] progbits noalloc noexec nowrite align=1
        dd      0x79a40000 + number
    %assign number number + 1
  %endrep
%endif

        section .note.GNU-stack noalloc noexec nowrite progbits
