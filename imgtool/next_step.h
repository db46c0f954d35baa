/* What a user may want to do after a build. */
#ifndef STAGECOACH_IMGTOOL_NEXT_STEP_H
#define STAGECOACH_IMGTOOL_NEXT_STEP_H

/* Prints "next: imgtool run [BEFORE] PATH [BEHIND]", as a shell and run take it. */
void next_step_print(const char *before, const char *path, const char *behind);

#endif
