/* A TFTP server that sends whatever it likes. Input: the file's size that is believed (2 bytes), then datagrams: length
 * (2 bytes, big endian; 0: a second of silence), port (1 byte), bytes. When they end, so does the server. */
#include "fuzz.h"
#include "tftp.h"

#include <stdbool.h>

#define NAME "boot/kernel.elf"
#define READ_REQUEST 1
#define ACKNOWLEDGE 4
#define ERROR 5

static const uint8_t *input;
static size_t left;

static size_t take(void *to, size_t size)
{
    size = size < left ? size : left;
    memcpy(to, input, size);
    input += size;
    left -= size;
    return size;
}

static uint32_t take16(void)
{
    uint8_t bytes[2] = {0};
    take(bytes, sizeof bytes);
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* Whatever the server says, the client sends well-formed packets: a request for the file, acknowledgements, farewells.
 */
static enum status check_sent(void *context, uint16_t local_port, uint16_t server_port, const void *data, size_t size,
                              struct error *error)
{
    const uint8_t *packet = data;
    (void)context;
    (void)error;
    (void)server_port;
    FUZZ_ASSERT(local_port >= 49152 && size >= 4 && size <= 512 && packet[0] == 0);
    FUZZ_ASSERT(packet[1] == READ_REQUEST || packet[1] == ACKNOWLEDGE || packet[1] == ERROR);
    FUZZ_ASSERT(packet[1] != READ_REQUEST || memcmp(packet + 2, NAME "\0octet", sizeof NAME "\0octet") == 0);
    FUZZ_ASSERT(packet[1] != ACKNOWLEDGE || size == 4);
    return STATUS_OK;
}

static enum status receive(void *context, uint16_t local_port, uint16_t *server_port, void *data, size_t *size,
                           struct error *error)
{
    (void)context;
    (void)local_port;
    (void)error;
    size_t length = take16();
    uint8_t port = 0;
    *size = 0;
    if (length == 0 || take(&port, 1) == 0)
        return STATUS_OK;
    *server_port = (uint16_t)(1000 + port);
    *size = take(data, length < DATAGRAM_SIZE_MAX ? length : DATAGRAM_SIZE_MAX);
    return STATUS_OK;
}

static void check_status(enum status status, const struct error *error)
{
    FUZZ_ASSERT(status == STATUS_TRANSFER_FAILED || status == STATUS_FILE_REFUSED || status == STATUS_NO_ANSWER ||
                status == STATUS_FILE_NOT_FOUND);
    fuzz_expect_sentence(status, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tftp tftp = {.link = {NULL, check_sent, receive}};
    struct error error;
    uint64_t told = 0;
    input = data;
    left = size;
    uint64_t believed = take16();
    enum status status = tftp_size(&tftp, NAME, &told, &error);
    if (status != STATUS_OK)
        check_status(status, &error);
    else
        FUZZ_ASSERT(told <= TFTP_FILE_MAX);
    if (status == STATUS_OK && told <= UINT16_MAX)
        believed = told;
    void *bytes = malloc(believed); /* to the byte: a block too many is seen */
    status = tftp_read(&tftp, NAME, believed, bytes, &error);
    if (status != STATUS_OK)
        check_status(status, &error);
    free(bytes);
    return 0;
}
