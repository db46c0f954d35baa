/* A sound ELF file that speaks no boot protocol. */
void _start(void);

void _start(void)
{
    for (;;)
        __asm__ volatile("cli\n\thlt");
}
