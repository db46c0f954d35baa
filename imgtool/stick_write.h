/* Writes a disk so that it boots only when all of it is right: its first bytes are zeroes until everything else has
 * been written, has reached the medium, and has been read back from there. */
#ifndef STAGECOACH_IMGTOOL_STICK_WRITE_H
#define STAGECOACH_IMGTOOL_STICK_WRITE_H

#include "block.h"
#include "block_target.h"
#include "write_ranges.h"

#include <signal.h>

#define STICK_FIRST 4096u /* what is written last: MBR and GPT header, whole sectors of any disk */

struct stick_write {
    struct block *source;              /* the disk as it is to be, of the target's size */
    const struct write_ranges *ranges; /* what of it is written; the first one begins at 0 */
    struct block_target *target;
    const volatile sig_atomic_t *stop; /* not 0: the user wants it to end */
};

/* EXIT_VERIFY_FAILED if something reads back wrong. After any failure the disk does not boot. */
enum exit_code stick_write_run(const struct stick_write *write);

#endif
