/* Who we are and where we were started from. */
#ifndef STAGECOACH_UEFI_IDENTITY_H
#define STAGECOACH_UEFI_IDENTITY_H

/* Notes the time: the first thing in efi_main. */
void identity_start(void);

#endif
