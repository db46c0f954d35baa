/* Does KVM work here? /dev/kvm may exist and be slow, broken or forbidden (nested and emulated virtualisation). */
#ifndef STAGECOACH_IMGTOOL_KVM_PROBE_H
#define STAGECOACH_IMGTOOL_KVM_PROBE_H

#include <stdbool.h>

/* Runs a tiny guest in a child process. True only if it did all it should, in reasonable time; never hangs. */
bool kvm_probe(void);

/* "kvm" or "tcg": what the environment variable IMGTOOL_ACCEL says, else what the probe finds. NULL: the variable has
 * an unknown value. */
const char *kvm_choose_accelerator(void);

#endif
