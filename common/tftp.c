#include "tftp.h"

#include "checked.h"
#include "format.h"
#include "memory.h"
#include "span.h"
#include "text.h"

#include <stdbool.h>

#define BLOCK_SIZE 512u         /* without negotiation */
#define BLOCK_SIZE_WANTED 1408u /* fits an Ethernet frame with IPv6 and a tunnel's header too */
#define BLOCK_SIZE_MIN 8u       /* RFC 2348 */
#define HEADER_SIZE 4u
#define TRIES 10u        /* a second each */
#define STRAYS_MAX 4096u /* packets in a row that are nothing new */
#define PORT_FIRST 49152 /* ports that nobody registers (RFC 6335) */

enum opcode { READ_REQUEST = 1, DATA = 3, ACKNOWLEDGE = 4, ERROR = 5, OPTIONS = 6 };
enum error_code { NOT_DEFINED = 0, NO_SUCH_FILE = 1, ACCESS_VIOLATION = 2, OPTION_REFUSED = 8 };

struct transfer {
    struct tftp *tftp;
    const char *name;
    bool options; /* ours are in the request */
    bool started; /* the server has answered, from this port */
    uint16_t port, local_port;
    uint16_t block; /* the last that came */
    uint32_t block_size;
    bool has_size;
    uint64_t size; /* what the server says */
    uint64_t received;
    bool ended;
    size_t packet_size;
    uint8_t packet[DATAGRAM_SIZE_MAX]; /* what was sent last, to be sent again */
};

struct waiting { /* for a packet that says something new */
    uint32_t seconds, strays;
    bool over;
};

static void put16(uint8_t *to, uint16_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static void add_text(struct transfer *transfer, const char *text)
{
    size_t size = text_length(text) + 1;
    memcpy(transfer->packet + transfer->packet_size, text, size);
    transfer->packet_size += size;
}

/* --- packets out ------------------------------------------------------------------------------------------------- */

static enum status send_packet(struct transfer *transfer, struct error *error)
{
    const struct datagram_link *link = &transfer->tftp->link;
    return link->send(link->context, transfer->local_port, transfer->port, transfer->packet, transfer->packet_size,
                      error);
}

static enum status send_request(struct transfer *transfer, struct error *error)
{
    char block_size[8];
    format(block_size, sizeof block_size, "%u", BLOCK_SIZE_WANTED);
    put16(transfer->packet, READ_REQUEST);
    transfer->packet_size = 2;
    add_text(transfer, transfer->name);
    add_text(transfer, "octet");
    if (transfer->options) {
        add_text(transfer, "tsize");
        add_text(transfer, "0");
        add_text(transfer, "blksize");
        add_text(transfer, block_size);
    }
    return send_packet(transfer, error);
}

static enum status send_acknowledge(struct transfer *transfer, struct error *error)
{
    put16(transfer->packet, ACKNOWLEDGE);
    put16(transfer->packet + 2, transfer->block);
    transfer->packet_size = HEADER_SIZE;
    return send_packet(transfer, error);
}

/* Lets the server go; whether it hears that is its own business. */
static void send_farewell(struct transfer *transfer)
{
    struct error ignored;
    put16(transfer->packet, ERROR);
    put16(transfer->packet + 2, NOT_DEFINED);
    transfer->packet_size = HEADER_SIZE;
    add_text(transfer, "enough");
    send_packet(transfer, &ignored);
}

/* --- packets in -------------------------------------------------------------------------------------------------- */

/* Takes a text off the packet: NULL if it has no end. */
static const char *take_text(struct span *packet)
{
    for (uint64_t i = 0; i < packet->size; i++)
        if (packet->data[i] == 0) {
            const char *text = (const char *)packet->data;
            packet->data += i + 1;
            packet->size -= i + 1;
            return text;
        }
    return NULL;
}

static bool is_word(const char *text, const char *lower_case)
{
    for (; *text != '\0'; text++, lower_case++) {
        char letter = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
        if (letter != *lower_case)
            return false;
    }
    return *lower_case == '\0';
}

static enum status bad_packet(const struct transfer *transfer, const char *what, struct error *error)
{
    return error_set(error, STATUS_TRANSFER_FAILED, "%s: the server %s", transfer->name, what);
}

static enum status take_option(struct transfer *transfer, const char *name, const char *value, struct error *error)
{
    uint64_t number;
    if (is_word(name, "blksize")) {
        if (!text_number(value, text_length(value), BLOCK_SIZE_WANTED, &number) || number < BLOCK_SIZE_MIN)
            return bad_packet(transfer, "grants a block size that was not asked for", error);
        transfer->block_size = (uint32_t)number;
    } else if (is_word(name, "tsize")) {
        if (!text_number(value, text_length(value), TFTP_FILE_MAX, &number))
            return bad_packet(transfer, "says an impossible file size", error);
        transfer->has_size = true;
        transfer->size = number;
    }
    return STATUS_OK; /* options that nobody asked for are nobody's business */
}

static enum status take_options(struct transfer *transfer, struct span packet, struct error *error)
{
    enum status status = STATUS_OK;
    while (packet.size > 0 && status == STATUS_OK) {
        const char *name = take_text(&packet);
        const char *value = name != NULL ? take_text(&packet) : NULL;
        if (value == NULL)
            return bad_packet(transfer, "sends an option without an end", error);
        status = take_option(transfer, name, value, error);
    }
    return status;
}

/* What the server gives as the reason, as far as it can be shown. */
static void readable(struct span packet, char *text, size_t room)
{
    size_t length = 0;
    for (uint64_t i = 0; i < packet.size && packet.data[i] != 0 && length + 1 < room; i++)
        text[length++] = packet.data[i] >= ' ' && packet.data[i] < 0x7f ? (char)packet.data[i] : '?';
    text[length] = '\0';
}

static enum status take_error(struct transfer *transfer, uint16_t code, struct span packet, struct error *error)
{
    char text[80];
    readable(packet, text, sizeof text);
    if (code == OPTION_REFUSED && transfer->options && !transfer->started) {
        transfer->options = false;
        return send_request(transfer, error);
    }
    if (code == NO_SUCH_FILE)
        return error_set(error, STATUS_FILE_NOT_FOUND, "%s: the server has no such file", transfer->name);
    if (code == ACCESS_VIOLATION)
        return error_set(error, STATUS_FILE_REFUSED,
                         "%s: the server refuses access: '%s'; make the file readable there", transfer->name, text);
    return error_set(error, STATUS_TRANSFER_FAILED, "%s: the server ends the transfer at byte %llu: error %u '%s'",
                     transfer->name, (unsigned long long)transfer->received, code, text);
}

/* A packet from the server. *data is the new content, if any; *is_new: it was the one we waited for. */
static enum status take_packet(struct transfer *transfer, struct span packet, struct span *data, bool *is_new,
                               struct error *error)
{
    *data = (struct span){0};
    *is_new = false;
    if (packet.size < HEADER_SIZE)
        return STATUS_OK;
    uint16_t number = span_network16(packet.data + 2);
    struct span rest = {packet.data + HEADER_SIZE, packet.size - HEADER_SIZE};
    switch (span_network16(packet.data)) {
    case OPTIONS: {
        struct span options = {packet.data + 2, packet.size - 2};
        if (transfer->started || !transfer->options)
            return STATUS_OK;
        *is_new = true;
        return take_options(transfer, options, error);
    }
    case ERROR:
        return take_error(transfer, number, rest, error);
    case DATA:
        if (number != (uint16_t)(transfer->block + 1))
            return STATUS_OK; /* once more what we have: the server missed our answer, or the network doubles packets */
        if (rest.size > transfer->block_size)
            return bad_packet(transfer, "sends larger blocks than agreed upon", error);
        transfer->block = number;
        transfer->ended = rest.size < transfer->block_size;
        *data = rest;
        *is_new = true;
        return STATUS_OK;
    default:
        return STATUS_OK;
    }
}

/* --- a transfer -------------------------------------------------------------------------------------------------- */

/* One packet, or a second in which none came. What was sent last is sent again after such a second, and when the server
 * has repeated itself twice: something was lost. Once may be the network's doubling, and an answer would double it for
 * ever. */
static enum status hear(struct transfer *transfer, struct waiting *waiting, struct span *data, uint8_t *buffer,
                        struct error *error)
{
    const struct datagram_link *link = &transfer->tftp->link;
    size_t size = 0;
    uint16_t port = 0;
    enum status status = link->receive(link->context, transfer->local_port, &port, buffer, &size, error);
    if (status != STATUS_OK)
        return status;
    if (size == 0 && ++waiting->seconds == TRIES)
        return error_set(error, STATUS_NO_ANSWER, "%s: the server has not answered for %u seconds, after %llu bytes",
                         transfer->name, TRIES, (unsigned long long)transfer->received);
    if (size == 0)
        return send_packet(transfer, error);
    bool ours = !transfer->started || port == transfer->port;
    if (ours)
        status = take_packet(transfer, (struct span){buffer, size}, data, &waiting->over, error);
    if (status != STATUS_OK || waiting->over) {
        transfer->started = true;
        transfer->port = port;
        return status;
    }
    if (++waiting->strays == STRAYS_MAX)
        return bad_packet(transfer, "repeats itself without end", error);
    return ours && transfer->started && waiting->strays % 2 == 0 ? send_packet(transfer, error) : STATUS_OK;
}

/* Waits for the next packet that says something new. */
static enum status next_packet(struct transfer *transfer, struct span *data, uint8_t *buffer, struct error *error)
{
    struct waiting waiting = {0};
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !waiting.over)
        status = hear(transfer, &waiting, data, buffer, error);
    return status;
}

static enum status begin(struct transfer *transfer, struct tftp *tftp, const char *name, struct error *error)
{
    if (text_length(name) > TFTP_NAME_MAX)
        return error_set(error, STATUS_PATH_BAD, "a file name for TFTP has at most %u bytes", TFTP_NAME_MAX);
    bool first = tftp->last_port < PORT_FIRST || tftp->last_port == UINT16_MAX;
    tftp->last_port = first ? PORT_FIRST : (uint16_t)(tftp->last_port + 1);
    *transfer = (struct transfer){
        .tftp = tftp,
        .name = name,
        .options = true,
        .port = tftp->port != 0 ? tftp->port : TFTP_PORT,
        .local_port = tftp->last_port,
        .block_size = BLOCK_SIZE,
    };
    return send_request(transfer, error);
}

static enum status keep(struct transfer *transfer, struct span data, uint8_t *to, uint64_t size, struct error *error)
{
    if (transfer->has_size && transfer->size != size)
        return error_set(error, STATUS_TRANSFER_FAILED,
                         "%s: had %llu bytes a moment ago, now %llu: is it being written to?", transfer->name,
                         (unsigned long long)size, (unsigned long long)transfer->size);
    if (!range_ok(transfer->received, data.size, size))
        return error_set(error, STATUS_TRANSFER_FAILED,
                         "%s: the server sends more than the %llu bytes that it announced", transfer->name,
                         (unsigned long long)size);
    if (to != NULL && data.size > 0)
        memcpy(to + transfer->received, data.data, data.size);
    transfer->received += data.size;
    return STATUS_OK;
}

enum status tftp_read(struct tftp *tftp, const char *name, uint64_t size, void *to, struct error *error)
{
    struct transfer transfer;
    uint8_t buffer[DATAGRAM_SIZE_MAX];
    enum status status = begin(&transfer, tftp, name, error);
    while (status == STATUS_OK && !transfer.ended) {
        struct span data = {0};
        status = next_packet(&transfer, &data, buffer, error);
        if (status == STATUS_OK)
            status = keep(&transfer, data, to, size, error);
        if (status == STATUS_OK)
            status = send_acknowledge(&transfer, error);
    }
    if (status == STATUS_OK && transfer.received != size)
        status =
            error_set(error, STATUS_TRANSFER_FAILED, "%s: ends after %llu of the %llu bytes that the server announced",
                      name, (unsigned long long)transfer.received, (unsigned long long)size);
    return status;
}

enum status tftp_size(struct tftp *tftp, const char *name, uint64_t *size, struct error *error)
{
    struct transfer transfer;
    uint8_t buffer[DATAGRAM_SIZE_MAX];
    enum status status = begin(&transfer, tftp, name, error);
    while (status == STATUS_OK && !transfer.ended && !transfer.has_size) {
        struct span data = {0};
        status = next_packet(&transfer, &data, buffer, error);
        transfer.received += data.size;
        if (status == STATUS_OK && transfer.received > TFTP_FILE_MAX)
            status = bad_packet(&transfer, "sends without end", error);
        if (status == STATUS_OK && !transfer.has_size)
            status = send_acknowledge(&transfer, error);
    }
    if (status != STATUS_OK)
        return status;
    if (!transfer.ended)
        send_farewell(&transfer);
    *size = transfer.has_size ? transfer.size : transfer.received;
    return STATUS_OK;
}
