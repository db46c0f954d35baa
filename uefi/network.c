#include "network.h"

#include "dhcp.h"
#include "memory.h"
#include "net_files.h"

#define TICKS_PER_SECOND 10000000ull /* of 100 ns */
#define READ_TRIES_MAX 1000000u      /* within a second: a clock that stands still must not hold us for ever */

static uint8_t ack[sizeof(EFI_PXE_BASE_CODE_PACKET)]; /* firmware's own goes when its network stops */
static bool has_ack;

static const EFI_GUID pxe_guid = EFI_PXE_BASE_CODE_PROTOCOL_GUID;

static struct {
    EFI_PXE_BASE_CODE *pxe;
    EFI_IP_ADDRESS server;
    EFI_EVENT second;
} network;

static EFI_PXE_BASE_CODE *started_pxe(EFI_HANDLE device)
{
    EFI_PXE_BASE_CODE *pxe = services_protocol(device, &pxe_guid);
    if (pxe == NULL || pxe->Mode == NULL || !pxe->Mode->Started || !pxe->Mode->DhcpAckReceived)
        return NULL;
    return pxe;
}

bool network_is_source(EFI_HANDLE device)
{
    return started_pxe(device) != NULL;
}

/* --- datagrams --------------------------------------------------------------------------------------------------- */

static enum status send_datagram(void *context, uint16_t local_port, uint16_t server_port, const void *data,
                                 size_t size, struct error *error)
{
    (void)context;
    UINTN length = size;
    uint8_t copy[DATAGRAM_SIZE_MAX]; /* the protocol does not promise to leave the bytes alone */
    memcpy(copy, data, size);
    const EFI_STATUS status =
        efi_call(network.pxe->UdpWrite(network.pxe, EFI_PXE_BASE_CODE_UDP_OPFLAGS_MAY_FRAGMENT, &network.server,
                                       &server_port, NULL, NULL, &local_port, NULL, NULL, &length, copy));
    /* What is lost on its way is sent again; no route and no cable will not become better by that. */
    if (EFI_ERROR(status) && status != EFI_TIMEOUT)
        return error_set(error, STATUS_TRANSFER_FAILED, "nothing can be sent to the boot server: %s",
                         efi_status_name(status));
    return STATUS_OK;
}

static EFI_STATUS read_once(uint16_t local_port, uint16_t *server_port, void *data, size_t *size)
{
    UINTN length = DATAGRAM_SIZE_MAX;
    EFI_IP_ADDRESS from = network.server;
    const EFI_STATUS status = efi_call(network.pxe->UdpRead(
        network.pxe, EFI_PXE_BASE_CODE_UDP_OPFLAGS_ANY_DEST_IP | EFI_PXE_BASE_CODE_UDP_OPFLAGS_ANY_SRC_PORT, NULL,
        &local_port, &from, server_port, NULL, NULL, &length, data));
    if (!EFI_ERROR(status) && length <= DATAGRAM_SIZE_MAX)
        *size = length;
    return status;
}

/* Firmware waits three seconds inside, or not at all. */
static enum status receive_datagram(void *context, uint16_t local_port, uint16_t *server_port, void *data, size_t *size,
                                    struct error *error)
{
    (void)context;
    *size = 0;
    efi_call(services.boot->SetTimer(network.second, TimerRelative, TICKS_PER_SECOND));
    for (uint32_t i = 0; i < READ_TRIES_MAX; i++) {
        const EFI_STATUS status = read_once(local_port, server_port, data, size);
        services.stats.disk_reads += *size != 0;
        services.stats.bytes_read += *size;
        if (*size != 0)
            return STATUS_OK;
        if (EFI_ERROR(status) && status != EFI_TIMEOUT && status != EFI_BUFFER_TOO_SMALL && status != EFI_ICMP_ERROR)
            return error_set(error, STATUS_TRANSFER_FAILED, "nothing can be received from the boot server: %s",
                             efi_status_name(status));
        if (!EFI_ERROR(efi_call(services.boot->CheckEvent(network.second))))
            break;
    }
    return STATUS_OK;
}

/* --- what the firmware was told ---------------------------------------------------------------------------------- */

static struct span packet_bytes(EFI_PXE_BASE_CODE_PACKET *packet)
{
    return (struct span){packet->Raw, sizeof packet->Raw};
}

/* Firmware may have its address from elsewhere: by DHCP it has it if it says so, and the packet is an answer. */
static void keep_ack(EFI_PXE_BASE_CODE_MODE *mode, struct dhcp_lease *lease)
{
    has_ack = mode->DhcpAckReceived && dhcp_parse(packet_bytes(&mode->DhcpAck), lease);
    if (has_ack)
        memcpy(ack, &mode->DhcpAck, sizeof ack);
}

/* A boot server's own answer says more than that of a proxy, and that more than the DHCP server's. */
static void read_lease(EFI_PXE_BASE_CODE_MODE *mode, struct dhcp_lease *lease)
{
    keep_ack(mode, lease);
    if (mode->ProxyOfferReceived)
        dhcp_parse(packet_bytes(&mode->ProxyOffer), lease);
    if (mode->PxeReplyReceived)
        dhcp_parse(packet_bytes(&mode->PxeReply), lease);
}

static bool url_of(EFI_PXE_BASE_CODE_MODE *mode, struct dhcp_url *url)
{
    return (mode->PxeReplyReceived && dhcp6_parse(packet_bytes(&mode->PxeReply), url)) ||
           (mode->ProxyOfferReceived && dhcp6_parse(packet_bytes(&mode->ProxyOffer), url)) ||
           dhcp6_parse(packet_bytes(&mode->DhcpAck), url);
}

static const struct datagram_link datagrams = {NULL, send_datagram, receive_datagram};

static enum status start_version4(struct error *error)
{
    struct dhcp_lease lease = {0};
    char address[DHCP_ADDRESS_TEXT];
    read_lease(network.pxe->Mode, &lease);
    enum status status = dhcp_finish(&lease, error);
    if (status != STATUS_OK)
        return status;
    memcpy(&network.server.v4, lease.server, sizeof lease.server);
    dhcp_address_text(lease.server, address);
    return net_files_start(address, lease.port, lease.boot_file, &datagrams, error);
}

static enum status start_version6(struct error *error)
{
    struct dhcp_url url;
    char address[DHCP_ADDRESS_TEXT];
    if (!url_of(network.pxe->Mode, &url))
        return dhcp_no_server(error);
    memcpy(&network.server.v6, url.server, sizeof url.server);
    dhcp6_address_text(url.server, address);
    return net_files_start(address, 0, url.boot_file, &datagrams, error);
}

enum status network_start(EFI_HANDLE device, struct error *error)
{
    network.pxe = started_pxe(device);
    const EFI_STATUS status =
        efi_call(services.boot->CreateEvent(EVT_TIMER, TPL_CALLBACK, NULL, NULL, &network.second));
    if (EFI_ERROR(status))
        return error_set(error, STATUS_FIRMWARE_CALL, "CreateEvent for a timer fails: %s", efi_status_name(status));
    return network.pxe->Mode->UsingIpv6 ? start_version6(error) : start_version4(error);
}

void network_stop(void)
{
    if (network.pxe != NULL)
        efi_call(network.pxe->Stop(network.pxe)); /* what it says changes nothing: there is no other way */
    network.pxe = NULL;
}

void network_add_ack(struct firmware_tables *tables)
{
    tables->dhcp_ack = ack;
    tables->dhcp_ack_size = has_ack ? sizeof ack : 0;
}
