; A floppy disk that spoils the machine as real BIOSes were seen to, then starts the first hard disk's boot sector, or a CD's.
;
; Entry:  from the BIOS as a floppy's boot sector, DL = 0.
; Exit:   to the boot sector, in the state that the options below ask for.
; Memory: stays resident at RESIDENT (64 KiB), which no map reserves: a loader must not use what INT 12h took away.
;
; Options (-D): any number of
;   A20_OFF          address line A20 is off; the machine stands still if it is when 64-bit mode is announced (INT 15h/EC00h)
;   A20_STUCK        the same; says "A20 is off" on port E9 and waits until port 92h is another device's
;   DIRECTION        the direction flag is set
;   SEGMENT          starts at 07c0:0000
;   STACK            SS:SP = ffff:0400
;   BPB              bytes 3..0x59 of the boot sector are overwritten
;   DRIVE=n          DL = n
;   CHECK_DRIVE      INT 13h/41h destroys DL (AST BIOS 1.04)
;   READ_FAILS=n     every n-th INT 13h/42h fails
;   READ_MAX=n       INT 13h/42h refuses more than n sectors
;   READ_DEAD        INT 13h/42h of more than the first sectors of a disk always fails
;   NO_EDD           INT 13h/41h fails
;   EDD_ONCE         INT 13h/41h fails but for the first time
;   CD               the first CD is started, by the default entry of its boot catalog
;   NO_SIZE          INT 13h/48h tells no sizes
;   SIZE_512         INT 13h/48h tells sectors of 512 bytes
;   SIZE_FAILS       INT 13h/48h fails
;   E820_HOSTILE     a long, unsorted, overlapping map, with entries that mean nothing; registers are destroyed
;   E820_NONE        no E820
;   E820_FORGETS     E820 forgets "SMAP" in the third answer
;   E820_ENDLESS     E820 never ends
;   E801_HALF        E801 leaves CX and DX zero
;   E801_NONE        no E801
;   MEMORY_NONE      nor INT 15h/88h
;   LOW_MEMORY=n     INT 12h tells n KiB
;   PAUSE            writes to QEMU's pvpanic port, which may stop the machine

RESIDENT        equ 0x9000              ; segment
SECTORS         equ 8
TABLE           equ 0x2000
ENTRY_SIZE      equ 24
SMAP            equ 0x534d4150
MANY            equ 312
CD_DRIVE        equ 0xe0                ; SeaBIOS's first
BOOT_RECORD     equ 17                  ; El Torito: this sector names that of the catalog, whose first entry the boot sector
CATALOG_FIELD   equ 0x47
ENTRY_FIELD     equ 32 + 8
%ifdef CD
BOOT_DRIVE      equ CD_DRIVE
%else
BOOT_DRIVE      equ 0x80
%endif

bits 16
cpu 386
section .text start=0
boot_sector:
        xor     ax, ax
        mov     ss, ax
        mov     sp, 0x7c00
        mov     ax, RESIDENT
        mov     es, ax
        mov     ax, 0x0200 | SECTORS    ; INT 13h/02h: AL sectors, CX from, DX, to ES:BX
        mov     cx, 2
        xor     dx, dx
        xor     bx, bx
        int     0x13
        jc      boot_sector
        jmp     RESIDENT:0
        times 510 - ($ - $$) db 0
        dw      0xaa55

section .resident start=512 vstart=0
        mov     ax, cs
        mov     ds, ax
        mov     es, ax
        xor     ax, ax
        mov     fs, ax
        call    build_map
        call    hook
        xor     ax, ax
        mov     es, ax
%ifdef CD
        call    read_cd
        mov     eax, [es:0x7c00 + CATALOG_FIELD]
        mov     [cd_packet.lba], eax
        call    read_cd
        mov     eax, [es:0x7c00 + ENTRY_FIELD]
        mov     [cd_packet.lba], eax
        call    read_cd
%else
        mov     ax, 0x0201
        mov     cx, 1
        mov     dx, 0x80
        mov     bx, 0x7c00
        int     0x13
%endif
%ifdef BPB
        mov     di, 0x7c03
        mov     cx, 0x5a - 3
        mov     al, 0xcc
        rep     stosb
%endif
%ifdef A20_STUCK
%define A20_OFF
%endif
%ifdef A20_OFF
        in      al, 0x92
        and     al, ~3 & 0xff
        out     0x92, al
%endif
%ifdef A20_STUCK
        mov     si, a20_is_off
        mov     cx, a20_is_off_end - a20_is_off
        cld
        mov     dx, 0xe9
        rep     outsb
.wait:
        in      al, 0x92
        cmp     al, 0xe9                ; what QEMU's isa-debugcon reads
        jne     .wait
%endif
%ifdef PAUSE
        mov     dx, 0x505
        mov     al, 1
        out     dx, al
%endif
        mov     byte [armed], 1
        mov     dl, BOOT_DRIVE
%ifdef DRIVE
        mov     dl, DRIVE
%endif
%ifdef STACK
        mov     ax, 0xffff
        mov     ss, ax
        mov     sp, 0x400
%endif
        mov     ax, 0xdead
        mov     ds, ax
        mov     es, ax
%ifdef DIRECTION
        std
%endif
%ifdef SEGMENT
        jmp     0x07c0:0
%else
        jmp     0:0x7c00
%endif

%ifdef CD
; Reads a sector to 0:7c00.
read_cd:
        mov     si, cd_packet
        mov     ah, 0x42                ; INT 13h/42h: DS:SI packet, DL drive
        mov     dl, CD_DRIVE
        int     0x13
        jc      read_cd
        ret

        align   4, db 0
cd_packet       db 16, 0
                dw 1, 0x7c00, 0
.lba            dd BOOT_RECORD, 0
%endif

; Puts our handlers before the BIOS's.
hook:
        cli
        mov     eax, [fs:0x13 * 4]
        mov     [old_13], eax
        mov     eax, [fs:0x15 * 4]
        mov     [old_15], eax
        mov     word [fs:0x13 * 4], int_13
        mov     [fs:0x13 * 4 + 2], cs
        mov     word [fs:0x15 * 4], int_15
        mov     [fs:0x15 * 4 + 2], cs
%ifdef LOW_MEMORY
        mov     word [fs:0x413], LOW_MEMORY
%endif
        sti
        ret

%macro ENTRY 4                          ; address, size, type, attributes
        dq      %1, %2
        dd      %3, %4
%endmacro

; Fills TABLE: our entries, the BIOS's own, the many.
build_map:
        mov     di, TABLE
        mov     si, hostile
        mov     cx, hostile_end - hostile
        rep     movsb
        xor     ebx, ebx
.next:
        mov     dword [di + 20], 1
        mov     eax, 0xe820
        mov     edx, SMAP
        mov     ecx, 20
        int     0x15
        jc      .many
        add     di, ENTRY_SIZE
        test    ebx, ebx
        jnz     .next
.many:
        mov     eax, 48 << 20           ; pages to keep off, one in two
        mov     cx, MANY
.page:
        mov     [di], eax
        mov     dword [di + 4], 0
        mov     dword [di + 8], 4096
        mov     dword [di + 12], 0
        mov     dword [di + 16], 2
        mov     dword [di + 20], 1
        add     di, ENTRY_SIZE
        add     eax, 8192
        loop    .page
        mov     [table_end], di
        ret

int_13:
        cmp     byte [cs:armed], 0
        je      .pass
        cmp     ah, 0x41
        je      .check
        cmp     ah, 0x42
        je      .read
        cmp     ah, 0x48
        je      .size
.pass:
        jmp     far [cs:old_13]
.check:
%ifdef NO_EDD
        jmp     fail
%elifdef EDD_ONCE
        inc     word [cs:reads]
        cmp     word [cs:reads], 1
        ja      fail
%endif
        pushf
        call    far [cs:old_13]
%ifdef CHECK_DRIVE
        mov     dl, 0x5a
%endif
        retf    2
.size:
%ifdef NO_SIZE
        pushf
        call    far [cs:old_13]
        mov     dword [si + 16], 0
        mov     dword [si + 20], 0
        mov     word [si + 24], 0
        clc
        retf    2
%elifdef SIZE_512
        pushf
        call    far [cs:old_13]
        mov     word [si + 24], 512
        clc
        retf    2
%elifdef SIZE_FAILS
        jmp     fail
%endif
        jmp     .pass
.read:
%ifdef READ_MAX
        cmp     word [si + 2], READ_MAX
        ja      fail
%endif
%ifdef READ_FAILS
        inc     word [cs:reads]
        cmp     word [cs:reads], READ_FAILS
        jb      .pass
        mov     word [cs:reads], 0
        jmp     fail
%endif
%ifdef READ_DEAD
        cmp     dword [si + 8], 2048 + 1024
        jae     fail
%endif
        jmp     .pass

; Ends an interrupt with carry, AH = 4.
fail:
        mov     ah, 4
        push    bp
        mov     bp, sp
        or      byte [bp + 6], 1
        pop     bp
        iret

; Ends an interrupt without carry.
succeed:
        push    bp
        mov     bp, sp
        and     byte [bp + 6], ~1 & 0xff
        pop     bp
        iret

int_15:
%ifdef A20_OFF
        cmp     ax, 0xec00
        je      .mode
%endif
        cmp     ax, 0xe820
        je      .e820
        cmp     ax, 0xe801
        je      .e801
        cmp     ah, 0x88
        je      .extended
.pass:
        jmp     far [cs:old_15]
%ifdef A20_OFF
.mode:
        in      al, 0x92
        test    al, 2
        mov     al, 0
        jnz     .pass
        cli
        hlt
        jmp     .mode
%endif
.extended:
%ifdef MEMORY_NONE
        jmp     fail
%endif
        jmp     .pass
.e801:
%ifdef E801_NONE
        jmp     fail
%endif
%ifdef E801_HALF
        pushf
        call    far [cs:old_15]
        xor     cx, cx
        xor     dx, dx
        retf    2
%endif
        jmp     .pass
.e820:
%ifdef E820_NONE
        jmp     fail
%elifdef E820_HOSTILE
        push    ds
        push    cs
        pop     ds
        imul    si, bx, ENTRY_SIZE
        add     si, TABLE
        cmp     si, [table_end]
        jae     .no_more                ; the end is told by carry alone
        mov     cx, ENTRY_SIZE
        cld
        rep     movsb
        pop     ds
        inc     bx
        mov     eax, SMAP
        mov     ecx, ENTRY_SIZE
        mov     edx, 0x12345678
        mov     esi, edx
        mov     edi, edx
        jmp     succeed
.no_more:
        pop     ds
        jmp     fail
%elifdef E820_FORGETS
        inc     byte [cs:reads]
        pushf
        call    far [cs:old_15]
        cmp     byte [cs:reads], 3
        jb      .remembered
        xor     eax, eax
.remembered:
        clc
        retf    2
%elifdef E820_ENDLESS
        pushf
        call    far [cs:old_15]
        mov     ebx, 1
        clc
        retf    2
%else
        jmp     .pass
%endif

        align   8, db 0
hostile:
        ENTRY   0xfffffffffffff000, 0x2000, 2, 1        ; wraps
        ENTRY   0x1234567, 0, 2, 1                      ; empty
        ENTRY   0, 0x10000000000, 2, 0                  ; to be ignored: ACPI 3 attribute bit 0 is clear
        ENTRY   0xfd00000000, 0x300000000, 2, 1         ; QEMU's AMD models
        ENTRY   0x2000123, 0x4321, 3, 1                 ; inside RAM, not aligned
        ENTRY   0x2002000, 0x1000, 4, 1                 ; inside that
        ENTRY   0x3f00000, 0x100000, 12, 1              ; a type that nobody knows
        ENTRY   0x100000, 0x1000, 1, 1                  ; RAM twice
hostile_end:

%ifdef A20_STUCK
a20_is_off      db "A20 is off", 10
a20_is_off_end:
%endif
old_13          dd 0
old_15          dd 0
table_end       dw 0
reads           dw 0
armed           db 0
        times SECTORS * 512 - ($ - $$) db 0
