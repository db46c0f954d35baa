/* A directory that machines boot from over the network: the names in it, and how it is recognised. */
#ifndef STAGECOACH_IMGTOOL_NETBOOT_H
#define STAGECOACH_IMGTOOL_NETBOOT_H

#include <stdbool.h>

#define NETBOOT_BIOS_NAME "stagecoach.0" /* dnsmasq's menu for PXE wants a suffix of ".0" */
#define NETBOOT_UEFI_NAME "BOOTX64.EFI"
#define NETBOOT_DNSMASQ_NAME "dnsmasq.conf"

/* Was the directory made by build-netboot? */
bool netboot_probe(const char *directory);

/* An example of a configuration for dnsmasq that serves the directory (an absolute path); to be freed, NULL: no memory.
 */
char *netboot_dnsmasq(const char *directory);

#endif
