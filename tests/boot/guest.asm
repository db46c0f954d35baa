; A boot sector that says something on COM1 or port 0xe9, paints the screen, and ends as -DEND=... says. For check_run.py.
; In: real mode, 0000:7C00, from SeaBIOS. Out: never returns.

%ifndef PORT
%define PORT 0x3f8
%endif
%ifndef TEXT
%define TEXT "hello"
%endif
%ifndef REPEAT
%define REPEAT 1                        ; how often it says that; 0: 65536 times
%endif
%ifndef EXIT_REGISTER
%define EXIT_REGISTER al
%endif
EXIT_PORT       equ 0xf4
MODE_320X200    equ 0x13
SCREEN_SEGMENT  equ 0xa000
SCREEN_BYTES    equ 320 * 200
RED             equ 4
RESET_CONTROL   equ 0xcf9               ; Intel PCH: 6 is a full reset

        org     0x7c00
        bits    16

        xor     ax, ax
        mov     ds, ax
        cld
        mov     ax, MODE_320X200
        int     0x10
        mov     ax, SCREEN_SEGMENT
        mov     es, ax
        xor     di, di
        mov     cx, SCREEN_BYTES
        mov     al, RED
        rep     stosb
        mov     cx, REPEAT
        mov     dx, PORT
.again_all:
        mov     si, text
.next:
        lodsb
        test    al, al
        jz      .said
        out     dx, al
        jmp     .next
.said:
        loop    .again_all
%ifidn END, exit
        mov     eax, VALUE
.again:                                 ; a guest may go on writing
        out     EXIT_PORT, EXIT_REGISTER
        jmp     .again
%elifidn END, reset
        mov     dx, RESET_CONTROL
        mov     al, 6
        out     dx, al
        jmp     $
%elifidn END, triple
        lidt    [no_idt]
        int3
%elifidn END, halt
        cli
.halt:
        hlt
        jmp     .halt
%elifidn END, spin
        sti
        jmp     $
%elifidn END, echo                      ; one byte of COM1 back, then success
.wait:
        mov     dx, 0x3fd
        in      al, dx
        test    al, 1
        jz      .wait
        mov     dx, 0x3f8
        in      al, dx
        out     dx, al
        mov     al, 0x10
        out     EXIT_PORT, al
        jmp     $
%else
%error "END is unknown"
%endif

no_idt: times 6 db 0
text:   db TEXT, 13, 10, 0

        times 510 - ($ - $$) db 0
        dw      0xaa55
        times 1 << 20 db 0              ; SeaBIOS boots no smaller disk
