/* Large variables without initialiser that nobody touches before boot() begins: a door whose own memory is short may
 * lay them elsewhere than the rest of its .bss, once it knows of free memory. They are zero when boot() begins. */
#ifndef STAGECOACH_LARGE_H
#define STAGECOACH_LARGE_H

#define LARGE(name) __attribute__((section(".bss.large." name)))

#endif
