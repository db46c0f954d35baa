/* The kernel that the benchmark boots with GRUB (Multiboot 1): tells the time-stamp counter at its first instruction on port
 * E9, "BENCH grub" and 16 hexadecimal digits, and ends the machine. Assembled with -DBENCH_PAYLOAD="file". */
        .set    MAGIC, 0x1badb002
        .text
        .code32
        .balign 4
        .long   MAGIC, 0, -MAGIC
        .globl  _start
_start: rdtsc
        movl    %eax, %ebx
        movl    %edx, %ebp
        movl    $text, %esi
1:      lodsb
        testb   %al, %al
        jz      2f
        outb    %al, $0xe9
        jmp     1b
2:      movl    $16, %ecx
3:      movl    %ebp, %eax
        shrl    $28, %eax
        shldl   $4, %ebx, %ebp
        shll    $4, %ebx
        addb    $'0', %al
        cmpb    $'9', %al
        jbe     4f
        addb    $('a' - '0' - 10), %al
4:      outb    %al, $0xe9
        loop    3b
        movb    $'\n', %al
        outb    %al, $0xe9
        movb    $0x10, %al
        outb    %al, $0xf4
5:      hlt
        jmp     5b
text:   .asciz  "\nBENCH grub "
#ifdef BENCH_PAYLOAD
        .data
        .incbin BENCH_PAYLOAD
#endif
        .section .note.GNU-stack, "", %progbits
