/* Stage 4's datagrams over a PXE ROM that fails: what can't be sent is lost, and sent again. */
#include "../cmocka_all.h"

#include "network.h"

#include "bios.h"
#include "net_files.h"
#include "pxe.h"

#include <string.h>
#include <sys/mman.h>

#define ARP_TIMEOUT 0x11
#define TICKS_A_READ 7 /* the clock goes on */

static struct rom {
    uint32_t failures; /* of so many datagrams to come */
    uint32_t sent;
    bool answers;
    uint32_t ticks;
} rom;

struct read_block { /* PXE 2.1, 3.5.11 */
    uint16_t status;
    uint8_t from[4], to[4];
    uint16_t from_port, to_port, size, offset, segment;
} __attribute__((packed));

/* --- the machine ------------------------------------------------------------------------------------------------- */

const struct stage_handoff *bios_handoff(void)
{
    static const struct stage_handoff handoff = {.pxe = 1};
    return &handoff;
}

void bios_count_read(uint64_t bytes)
{
    (void)bytes;
}

void bios_interrupt(uint8_t number, struct bios_registers *registers)
{
    assert_int_equal(number, 0x1a);
    registers->edx = rom.ticks += TICKS_A_READ;
}

enum status pxe_find(struct error *error)
{
    (void)error;
    return STATUS_OK;
}

static void give_packet(void)
{
    uint8_t *packet = transfer_buffer();
    packet[0] = 2;
    memcpy(packet + 16, (uint8_t[]){10, 9, 8, 7, 10, 9, 8, 1}, 8);
    strcpy((char *)packet + 108, "lab/stagecoach.0");
}

static uint16_t write_datagram(void)
{
    if (rom.failures > 0) {
        rom.failures--;
        return ARP_TIMEOUT;
    }
    rom.sent++;
    rom.answers = true;
    return 0;
}

static uint16_t read_datagram(struct read_block *block)
{
    static const char missing[] = "\0\5\0\1no";
    if (!rom.answers)
        return 1;
    rom.answers = false;
    memcpy(transfer_buffer(), missing, sizeof missing);
    memcpy(block->from, (uint8_t[]){10, 9, 8, 1}, 4);
    block->size = sizeof missing;
    return 0;
}

uint16_t pxe_call(enum pxe_service service, void *block)
{
    switch (service) {
    case PXE_GET_CACHED_INFO:
        give_packet();
        memcpy((uint8_t *)block + 4, &(uint16_t){300}, 2); /* its size */
        return 0;
    case PXE_UDP_WRITE:
        return write_datagram();
    case PXE_UDP_READ:
        return read_datagram(block);
    default:
        return 0;
    }
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

static enum status open_with_failures(uint32_t failures)
{
    struct error error;
    struct firmware_file file;
    rom = (struct rom){.failures = failures};
    assert_int_equal(network_start(&error), STATUS_OK);
    enum status status = net_files_open("/kernel.elf", &file, &error);
    network_stop();
    return status;
}

static void a_datagram_that_could_not_be_sent_is_sent_again(void **state)
{
    (void)state;
    for (uint32_t failures = 0; failures < 9; failures++) {
        assert_int_equal(open_with_failures(failures), STATUS_FILE_NOT_FOUND);
        assert_int_equal(rom.sent, 1);
    }
}

static void a_rom_that_never_sends_ends_the_transfer(void **state)
{
    (void)state;
    assert_int_equal(open_with_failures(1000), STATUS_NO_ANSWER);
}

static int make_transfer_buffer(void **state)
{
    (void)state;
    void *wanted = transfer_buffer();
    void *got =
        mmap(wanted, TRANSFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    return got == wanted ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_datagram_that_could_not_be_sent_is_sent_again),
        cmocka_unit_test(a_rom_that_never_sends_ends_the_transfer),
    };
    return cmocka_run_group_tests(tests, make_transfer_buffer, NULL);
}
