; The least that a BIOS needs to bring bytes into memory: reads them with INT 13h, 64 KiB at a time, and then copies 64 KiB as
; often, 8 bytes a step. Tells the time-stamp counter before, between and after on port 0xe9, and ends the machine.
;
; Entry:  from the BIOS as a boot sector at 0x7c00, DL = drive. bench.py fills in `lba` and `sectors` (a multiple of 128).
; Exit:   "BENCH floor START READ COPIED" in hexadecimal; 0x10 to port 0xf4 (0x11: a read failed).
; Memory: BUFFER, page tables at TABLES for the first GiB, and 64 KiB at 16 MiB.

BUFFER          equ 0x20000
TABLES          equ 0x10000
TARGET          equ 16 << 20
SECTORS         equ 128             ; in 64 KiB
DEBUG_PORT      equ 0xe9
EXIT_PORT       equ 0xf4
SUCCESS         equ 0x10
FAILURE         equ 0x11
EFER            equ 0xc0000080

bits 16
org 0x7c00
        jmp     short start
        nop
sectors dd      0                   ; offset 3
packet: db      16, 0               ; offset 7
        dw      SECTORS, 0, BUFFER >> 4
lba     dq      0                   ; offset 15

start:
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, 0x7c00
        cld
        rdtsc
        mov     [stamps], eax
        mov     [stamps + 4], edx
        mov     dl, 0x80
        mov     ecx, [sectors]
        shr     ecx, 7
        mov     [blocks], ecx
.read:
        push    ecx
        mov     ah, 0x42            ; INT 13h EDD read: DS:SI packet, DL drive; CF on failure
        mov     si, packet
        mov     dl, 0x80
        int     0x13
        pop     ecx
        jc      failed
        add     dword [lba], SECTORS
        dec     ecx
        jnz     .read
        rdtsc
        mov     [stamps + 8], eax
        mov     [stamps + 12], edx

        cli
        mov     ax, TABLES >> 4
        mov     es, ax
        xor     di, di
        xor     eax, eax
        mov     cx, 3 * 1024
        rep     stosd
        mov     dword [es:0], TABLES + 0x1000 + 3
        mov     dword [es:0x1000], TABLES + 0x2000 + 3
        mov     di, 0x2000
        mov     eax, 0x83
        mov     cx, 512
.page:
        mov     [es:di], eax
        add     eax, 1 << 21
        add     di, 8
        loop    .page
        mov     eax, TABLES
        mov     cr3, eax
        mov     eax, 1 << 5         ; PAE
        mov     cr4, eax
        mov     ecx, EFER
        rdmsr
        or      eax, 1 << 8         ; LME
        wrmsr
        lgdt    [gdt_pointer]
        mov     eax, cr0
        or      eax, 0x80000001     ; PG, PE
        mov     cr0, eax
        jmp     8:long_mode

failed:
        mov     al, FAILURE
        out     EXIT_PORT, al
        hlt

bits 64
long_mode:
        mov     eax, 16
        mov     ds, eax
        mov     es, eax
        mov     ebx, [blocks]
.copy:
        mov     esi, BUFFER
        mov     edi, TARGET
        mov     ecx, 65536 / 8
        rep     movsq
        dec     ebx
        jnz     .copy
        rdtsc
        mov     [stamps + 16], eax
        mov     [stamps + 20], edx
        mov     esi, text
        mov     ecx, text_end - text
.text:
        lodsb
        out     DEBUG_PORT, al
        loop    .text
        mov     esi, stamps
        mov     ebx, 3
.time:
        lodsq
        mov     rdx, rax
        mov     ecx, 16
.digit:
        rol     rdx, 4
        mov     al, dl
        and     al, 15
        add     al, '0'
        cmp     al, '9'
        jbe     .out
        add     al, 'a' - '0' - 10
.out:
        out     DEBUG_PORT, al
        loop    .digit
        mov     al, ' '
        out     DEBUG_PORT, al
        dec     ebx
        jnz     .time
        mov     al, 10
        out     DEBUG_PORT, al
        mov     al, SUCCESS
        out     EXIT_PORT, al
        hlt

text    db      10, "BENCH floor "
text_end:
gdt     dq      0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
        dw      $ - gdt - 1
        dd      gdt
blocks  dd      0
stamps  dq      0, 0, 0
        times 510 - ($ - $$) db 0
        db      0x55, 0xaa
