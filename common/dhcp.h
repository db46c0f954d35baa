/* What a machine was told when it started from the network: DHCP packets as the firmware keeps them. */
#ifndef STAGECOACH_DHCP_H
#define STAGECOACH_DHCP_H

#include "error.h"
#include "span.h"

#include <stdbool.h>

#define DHCP_TEXT_MAX 255u
#define DHCP_ADDRESS_TEXT 48u

struct dhcp_lease { /* of an answer to BOOTP or DHCP (RFC 951, 2131, 2132); addresses in the order of their bytes, 0:
                       unknown */
    uint8_t client[4], server[4], netmask[4], router[4];
    uint16_t port;                     /* of the server; 0: TFTP's usual one */
    char boot_file[DHCP_TEXT_MAX + 1]; /* "": not told */
};

/* Takes an answer over into *lease: only what it tells, so that a further answer (a boot server's) may add to the
 * first. False, and nothing is taken over, if it is none. */
bool dhcp_parse(struct span packet, struct dhcp_lease *lease);

/* After the last answer: STATUS_NO_BOOT_VOLUME unless server and boot file are known. */
enum status dhcp_finish(struct dhcp_lease *lease, struct error *error);

/* Of a boot file that is a URL, tftp://server[:port]/path, leaves the path, and takes over port and address; a server's
 * name is passed over. STATUS_NO_BOOT_VOLUME for other URLs; a path stays as it is. dhcp_finish() does that. */
enum status dhcp_take_url(struct dhcp_lease *lease, struct error *error);
enum status dhcp_no_server(struct error *error);

struct dhcp_url { /* where a DHCPv6 answer says the boot program is (RFC 5970, option 59) */
    uint8_t server[16];
    char boot_file[DHCP_TEXT_MAX + 1];
};

/* Reads the boot file's URL, "tftp://[address]/name", out of a DHCPv6 answer. */
bool dhcp6_parse(struct span packet, struct dhcp_url *url);

/* Reads an IPv6 address in its text form (RFC 4291, 2.2, without the one that ends in IPv4). */
bool dhcp6_address(struct span text, uint8_t address[16]);

/* "10.0.2.2", "fec0:0:0:0:0:0:0:2" */
void dhcp_address_text(const uint8_t address[4], char text[DHCP_ADDRESS_TEXT]);
void dhcp6_address_text(const uint8_t address[16], char text[DHCP_ADDRESS_TEXT]);

#endif
