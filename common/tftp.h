/* Files from a TFTP server (RFC 1350, options of RFC 2347, 2348 and 2349), over datagrams that the door sends and
 * receives.
 *
 * Neither the PXE ROMs' own TFTP nor that of UEFI is used: iPXE's can't open a file of a server that has no option
 * "tsize", and gives up when a packet comes twice; EDK2's does not say whether a file is missing or access is refused;
 * block numbers overflow in some. Their datagrams have none of these faults, and so both firmwares behave alike. */
#ifndef STAGECOACH_TFTP_H
#define STAGECOACH_TFTP_H

#include "datagram.h"

#define TFTP_PORT 69u
#define TFTP_NAME_MAX 400u         /* a request with its options fits 512 bytes */
#define TFTP_FILE_MAX (1ull << 36) /* bytes; whoever says more lies */

struct tftp {
    struct datagram_link link;
    uint16_t port; /* where the server listens; 0: TFTP_PORT */
    /* Of ours: each transfer has another one, so that what is late from the last is not taken for new. */
    uint16_t last_port;
};

/* The file's size: what the server says, or where it says nothing, what is counted while the file is read once. */
enum status tftp_size(struct tftp *tftp, const char *name, uint64_t *size, struct error *error);

/* The whole file, which must have this size. */
enum status tftp_read(struct tftp *tftp, const char *name, uint64_t size, void *to, struct error *error);

#endif
