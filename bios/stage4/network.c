#include "network.h"

#include "bios.h"
#include "dhcp.h"
#include "firmware.h"
#include "log.h"
#include "memory.h"
#include "net_files.h"
#include "pxe.h"

#include <stddef.h>

#define INT_TIME 0x1a
#define TICKS_SECOND 18u   /* of the BIOS's clock */
#define READS_MAX 1000000u /* a clock that stands still must not hold us for ever */
#define PACKET_DHCP_ACK 2u /* PXENV_PACKET_TYPE_* */
#define PACKET_BOOT_REPLY 3u
#define PACKET_SIZE 1500u

struct cached_info {
    uint16_t status, type, size, offset, segment, limit;
};

struct udp_open {
    uint16_t status;
    uint8_t client[4];
} __attribute__((packed));

struct udp_close {
    uint16_t status;
};

struct udp_read { /* ports in network order */
    uint16_t status;
    uint8_t from[4], to[4];
    uint16_t from_port, to_port, size, offset, segment;
} __attribute__((packed));

struct udp_write {
    uint16_t status;
    uint8_t to[4], gateway[4];
    uint16_t from_port, to_port, size, offset, segment;
} __attribute__((packed));

struct unload {
    uint16_t status;
    uint8_t reserved[10];
};

_Static_assert(sizeof(struct cached_info) == 12 && sizeof(struct udp_open) == 6, "PXE 2.1, 3.5.5 and 3.5.9");
_Static_assert(sizeof(struct udp_read) == 20 && sizeof(struct udp_write) == 20, "PXE 2.1, 3.5.11 and 3.5.12");

static struct {
    bool started;
    struct dhcp_lease lease;
    uint8_t gateway[4];
    uint16_t send_failure; /* of the last datagram; 0: none */
    uint16_t ack_size;
    uint8_t ack[PACKET_SIZE];
} network;

/* --- datagrams --------------------------------------------------------------------------------------------------- */

static enum status send_datagram(void *context, uint16_t local_port, uint16_t server_port, const void *data,
                                 size_t size, struct error *error)
{
    (void)context;
    (void)error;
    struct udp_write write = {
        .from_port = __builtin_bswap16(local_port),
        .to_port = __builtin_bswap16(server_port),
        .size = (uint16_t)size,
        .segment = TRANSFER_SEGMENT,
    };
    memcpy(write.to, network.lease.server, sizeof write.to);
    memcpy(write.gateway, network.gateway, sizeof write.gateway);
    memcpy(transfer_buffer(), data, size);
    uint16_t status = pxe_call(PXE_UDP_WRITE, &write);
    /* Lost, like anything on its way: it is sent again. A ROM may have no buffer left, or not yet know the server's
     * hardware address (ARP timeout, 0x11). */
    if (status != 0 && status != network.send_failure)
        log_warn("the network card's ROM can't send to the boot server (PXE status %#04x)", status);
    network.send_failure = status;
    return STATUS_OK;
}

/* The BIOS's clock; only its lower half, which differences are taken of. */
static uint16_t ticks_now(void)
{
    struct bios_registers registers = {.eax = 0};
    bios_interrupt(INT_TIME, &registers);
    return (uint16_t)registers.edx;
}

/* One UDP read. The ROM does not wait, and fails when nothing has come. */
static bool read_once(uint16_t local_port, struct udp_read *read)
{
    *read = (struct udp_read){
        .to_port = __builtin_bswap16(local_port),
        .size = DATAGRAM_SIZE_MAX,
        .segment = TRANSFER_SEGMENT,
    };
    memcpy(read->to, network.lease.client, sizeof read->to);
    return pxe_call(PXE_UDP_READ, read) == 0 && read->size > 0 && read->size <= DATAGRAM_SIZE_MAX &&
           memcmp(read->from, network.lease.server, sizeof read->from) == 0;
}

static enum status receive_datagram(void *context, uint16_t local_port, uint16_t *server_port, void *data, size_t *size,
                                    struct error *error)
{
    (void)context;
    (void)error;
    struct udp_read read;
    uint16_t start = 0;
    *size = 0;
    for (uint32_t i = 0; i < READS_MAX && *size == 0; i++) {
        if (read_once(local_port, &read)) {
            bios_count_read(read.size);
            memcpy(data, transfer_buffer(), read.size);
            *size = read.size;
            *server_port = __builtin_bswap16(read.from_port);
        } else if (i == 0) {
            start = ticks_now();
        } else if ((uint16_t)(ticks_now() - start) > TICKS_SECOND) {
            break;
        }
    }
    return STATUS_OK;
}

/* --- what the ROM was told --------------------------------------------------------------------------------------- */

static void take_packet(uint16_t type)
{
    struct cached_info info = {.type = type, .size = PACKET_SIZE, .segment = TRANSFER_SEGMENT};
    memset(transfer_buffer(), 0, PACKET_SIZE);
    if (pxe_call(PXE_GET_CACHED_INFO, &info) != 0)
        return;
    uint16_t size = info.size < PACKET_SIZE ? info.size : PACKET_SIZE;
    bool answer = dhcp_parse((struct span){transfer_buffer(), size}, &network.lease);
    if (answer && type == PACKET_DHCP_ACK) {
        memcpy(network.ack, transfer_buffer(), size);
        network.ack_size = size;
    }
}

/* A server in another network is reached through the router; the ROM wants to be told. */
static void choose_gateway(void)
{
    const struct dhcp_lease *lease = &network.lease;
    uint8_t differ = 0;
    for (size_t i = 0; i < sizeof lease->server; i++)
        differ |= (lease->server[i] ^ lease->client[i]) & lease->netmask[i];
    if (differ != 0)
        memcpy(network.gateway, lease->router, sizeof network.gateway);
}

static enum status read_lease(struct error *error)
{
    take_packet(PACKET_DHCP_ACK);
    take_packet(PACKET_BOOT_REPLY); /* the boot server's own answer says more */
    enum status status = dhcp_finish(&network.lease, error);
    if (status == STATUS_OK)
        choose_gateway();
    return status;
}

static enum status open_udp(struct error *error)
{
    struct udp_close close = {0}; /* a program before us may have left it open */
    struct udp_open open = {0};
    memcpy(open.client, network.lease.client, sizeof open.client);
    pxe_call(PXE_UDP_CLOSE, &close);
    uint16_t status = pxe_call(PXE_UDP_OPEN, &open);
    if (status != 0)
        return error_set(error, STATUS_FIRMWARE_CALL, "the network card's ROM gives no UDP (PXE status %#04x)", status);
    return STATUS_OK;
}

enum status network_start(struct error *error)
{
    enum status status = pxe_find(error);
    if (status != STATUS_OK)
        return status;
    network.started = true;
    status = read_lease(error);
    if (status == STATUS_OK)
        status = open_udp(error);
    if (status != STATUS_OK)
        return status;
    static const struct datagram_link link = {NULL, send_datagram, receive_datagram};
    char address[DHCP_ADDRESS_TEXT];
    dhcp_address_text(network.lease.server, address);
    return net_files_start(address, network.lease.port, network.lease.boot_file, &link, error);
}

/* PXE 2.1, 4.4.6: the card is reset, or it goes on writing what it receives into memory that the kernel owns by then.
 * What fails of this is not ours to mend. */
void network_stop(void)
{
    struct unload block = {0};
    struct udp_close close = {0};
    if (!network.started)
        return;
    network.started = false;
    pxe_call(PXE_UDP_CLOSE, &close);
    pxe_call(PXE_UNDI_SHUTDOWN, &block);
    block = (struct unload){0};
    pxe_call(PXE_UNLOAD_STACK, &block);
    block = (struct unload){0};
    pxe_call(PXE_STOP_UNDI, &block);
}

void network_add_ack(struct firmware_tables *tables)
{
    tables->dhcp_ack = network.ack;
    tables->dhcp_ack_size = network.ack_size;
}
