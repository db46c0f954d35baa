/* A program for the ELF tests: a kernel by its note, but one whose entry point is an ordinary function that checks its
 * own relocations and returns 0, so that a host process can load and call it. */
#include <stagecoach/boot.h>

BOOT_CONFIG();

#define WORDS 64

int _start(void);
int shared_function(void);

static int zeros[5000];         /* .bss, more than a page */
int counter = 5;                /* .data */
static const int constant = 42; /* .rodata */
__thread int thread_value = 9;  /* .tdata */
__thread int thread_zeros[20];  /* .tbss */
extern int missing __attribute__((weak));

int shared_function(void)
{
    return 7;
}

#define ENTRY(n)                                                                                                       \
    {                                                                                                                  \
        &zeros[n], (n)                                                                                                 \
    }
#define ENTRIES_4(n) ENTRY(n), ENTRY((n) + 1), ENTRY((n) + 2), ENTRY((n) + 3)
#define ENTRIES_16(n) ENTRIES_4(n), ENTRIES_4((n) + 4), ENTRIES_4((n) + 8), ENTRIES_4((n) + 12)

/* Volatile, so that each pointer is read from memory and compared with an address that the code works out itself. */
static struct {
    int *volatile pointer;
    long index;
} table[WORDS] = {ENTRIES_16(0), ENTRIES_16(16), ENTRIES_16(32), ENTRIES_16(48)};
static int *volatile dense[] = {&zeros[4999], &counter, zeros, &zeros[1], &counter + 1};
static int (*volatile const functions[])(void) = {shared_function, _start}; /* .data.rel.ro */
static const int *const volatile constants[] = {&constant, &missing};

int _start(void)
{
    for (long i = 0; i < WORDS; i++)
        if (table[i].pointer != &zeros[i] || table[i].index != i || *table[i].pointer != 0)
            return 1;
    if (dense[0] != &zeros[4999] || dense[1] != &counter || dense[2] != zeros || dense[4] != &counter + 1)
        return 2;
    if (functions[0]() != 7 || functions[1] != _start || shared_function() != 7)
        return 3;
    if (constants[0] != &constant || *constants[0] != 42 || constants[1] != 0)
        return 4;
#ifdef SAMPLE_TLS_ACCESS
    counter += thread_value; /* in a shared object: R_X86_64_TPOFF64, which only a run-time linker could fill in */
#endif
    zeros[4999] = ++counter; /* .data and .bss can be written */
    return counter == 6 && *dense[0] == 6 ? 0 : 5;
}
