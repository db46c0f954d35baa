/* What a user may want to do after a build. */
#ifndef STAGECOACH_IMGTOOL_NEXT_STEP_H
#define STAGECOACH_IMGTOOL_NEXT_STEP_H

/* Prints "next: imgtool run WORD...", as a shell takes it; `words` ends with NULL. */
void next_step_print(const char *const *words);

#endif
