/* The command line of a test: words that say what this machine must have, and a hash of the line itself. */
#ifndef CONFORMANCE_WORDS_H
#define CONFORMANCE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether one of the words separated by blanks is `word`. */
bool words_have(const char *line, const char *word);

/* The number behind `key` ("modules=" finds 2 in "a modules=2"); `otherwise` if there is no such word. */
uint64_t words_number(const char *line, const char *key, uint64_t otherwise);

/* "TEXT fnv=HHHHHHHHHHHHHHHH": whether the last word is the FNV-1a hash of TEXT. True without such a word. */
bool words_sound(const char *line);

#endif
