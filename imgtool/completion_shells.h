/* The completion scripts of the shells: each on stdout. */
#ifndef STAGECOACH_IMGTOOL_COMPLETION_SHELLS_H
#define STAGECOACH_IMGTOOL_COMPLETION_SHELLS_H

void completion_bash(void);
void completion_zsh(void);
void completion_fish(void);

#endif
