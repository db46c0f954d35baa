#include "netboot.h"

#include "../bios/image_format.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool netboot_probe(const char *directory)
{
    char path[PATH_MAX];
    struct bios_stages_header header;
    if (snprintf(path, sizeof path, "%s/" NETBOOT_BIOS_NAME, directory) >= (int)sizeof path)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ours = fd >= 0 && pread(fd, &header, sizeof header, BIOS_NETBOOT_SIZE) == (ssize_t)sizeof header &&
                memcmp(header.magic, BIOS_STAGES_MAGIC, sizeof header.magic) == 0;
    if (fd >= 0)
        close(fd);
    return ours;
}

/* As dnsmasq reads text between quotes. */
static void write_quoted(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', to);
        if (*text == '\n')
            fputs("\\n", to);
        else
            fputc(*text, to);
    }
    fputc('"', to);
}

char *netboot_dnsmasq(const char *directory)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL)
        return NULL;
    fputs("# dnsmasq serves this directory to machines that boot from the network, by PXE or by the UEFI's own PXE.\n"
          "# Choose one of the two dhcp-range lines and put your network's addresses there, then, as root:\n"
          "#   dnsmasq --no-daemon --conf-file=" NETBOOT_DNSMASQ_NAME "\n"
          "port=0\n"
          "enable-tftp\n"
          "tftp-root=",
          to);
    write_quoted(to, directory);
    fputs("\n\n"
          "# A network of its own, in which dnsmasq gives out the addresses:\n"
          "#dhcp-range=192.168.66.10,192.168.66.99,1h\n"
          "# A network that has a DHCP server already, which stays as it is:\n"
          "#dhcp-range=192.168.1.0,proxy\n\n"
          "# The boot program by the machine's architecture (DHCP option 93, RFC 4578): 0 is a BIOS, 7 and 9 are "
          "x86-64 UEFI.\n"
          "dhcp-match=set:stagecoach-bios,option:client-arch,0\n"
          "dhcp-match=set:stagecoach-uefi,option:client-arch,7\n"
          "dhcp-match=set:stagecoach-uefi,option:client-arch,9\n"
          "dhcp-boot=tag:stagecoach-bios," NETBOOT_BIOS_NAME "\n"
          "dhcp-boot=tag:stagecoach-uefi," NETBOOT_UEFI_NAME "\n"
          "# The same for the proxy, which answers with a menu of one entry.\n"
          "pxe-service=x86PC,\"Stagecoach\"," NETBOOT_BIOS_NAME "\n"
          "pxe-service=BC_EFI,\"Stagecoach\"," NETBOOT_UEFI_NAME "\n"
          "pxe-service=X86-64_EFI,\"Stagecoach\"," NETBOOT_UEFI_NAME "\n",
          to);
    return fclose(to) == 0 ? text : NULL;
}
