/* Datagrams to and from one server: what a door gives to the shared code that loads files from a network. */
#ifndef STAGECOACH_DATAGRAM_H
#define STAGECOACH_DATAGRAM_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>

#define DATAGRAM_SIZE_MAX 1472u /* what one Ethernet frame carries over IPv4 */

struct datagram_link {
    void *context;

    /* Sends `size` bytes from our port to the server's. */
    enum status (*send)(void *context, uint16_t local_port, uint16_t server_port, const void *data, size_t size,
                        struct error *error);

    /* Waits about a second for a datagram of the server's to our port. *size: how long it is; 0: none came. `data` has
     * room for DATAGRAM_SIZE_MAX bytes. */
    enum status (*receive)(void *context, uint16_t local_port, uint16_t *server_port, void *data, size_t *size,
                           struct error *error);
};

#endif
