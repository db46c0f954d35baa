/* Answers to DHCP and DHCPv6, as the firmware keeps them. The first byte chooses which. */
#include "dhcp.h"
#include "fuzz.h"

static void check_text(const char *text, size_t room)
{
    FUZZ_ASSERT(memchr(text, '\0', room) != NULL);
}

/* Also after another answer: what is not told must stay as it was. */
static void check_version4(struct span packet)
{
    char address[DHCP_ADDRESS_TEXT];
    struct dhcp_lease lease = {.server = {10, 9, 8, 1}, .boot_file = "first"}, before = lease;
    bool taken = dhcp_parse(packet, &lease);
    FUZZ_ASSERT(taken || memcmp(&lease, &before, sizeof lease) == 0);
    FUZZ_ASSERT(lease.boot_file[0] != '\0');
    check_text(lease.boot_file, sizeof lease.boot_file);
    struct error error;
    before = lease;
    if (dhcp_finish(&lease, &error) == STATUS_OK)
        FUZZ_ASSERT(lease.boot_file[0] != '\0' && strlen(lease.boot_file) <= strlen(before.boot_file));
    check_text(lease.boot_file, sizeof lease.boot_file);
    dhcp_address_text(lease.server, address);
    check_text(address, sizeof address);
}

static void check_version6(struct span packet)
{
    char address[DHCP_ADDRESS_TEXT];
    uint8_t again[16];
    struct dhcp_url url;
    memset(&url, 0x5a, sizeof url);
    if (!dhcp6_parse(packet, &url))
        return;
    check_text(url.boot_file, sizeof url.boot_file);
    dhcp6_address_text(url.server, address);
    check_text(address, sizeof address);
    FUZZ_ASSERT(dhcp6_address((struct span){(const uint8_t *)address, strlen(address)}, again));
    FUZZ_ASSERT(memcmp(again, url.server, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct span packet = {data + 1, size - 1};
    if (data[0] % 2 == 0)
        check_version4(packet);
    else
        check_version6(packet);
    return 0;
}
