/* What boot_info says of the kernel's own segments, against the ELF headers that lie in the first one. */
#include "check.h"

#include <stagecoach/memory.h>

#define ELF_TYPE_EXEC 2
#define ELF_TYPE_DYN 3
#define SEGMENT_LOAD 1
#define SEGMENT_TLS 7
#define SEGMENT_RELRO 0x6474e552
#define RIGHT_WRITE 2u

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct program_header {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

extern const struct elf_header __ehdr_start __attribute__((visibility("hidden")));

static const struct program_header *headers(void)
{
    return (const struct program_header *)(const void *)((const uint8_t *)&__ehdr_start + __ehdr_start.phoff);
}

static bool is_writable(const struct program_header *h)
{
    return h->type == SEGMENT_LOAD && h->memsz > 0 && (h->flags & RIGHT_WRITE) != 0;
}

/* Whether [start, end) holds bytes of a writable segment. */
static bool has_writable_bytes(uint64_t start, uint64_t end)
{
    for (unsigned i = 0; i < __ehdr_start.phnum; i++) {
        const struct program_header *h = &headers()[i];
        if (is_writable(h) && h->vaddr < end && start < h->vaddr + h->memsz)
            return true;
    }
    return false;
}

/* GNU_RELRO takes W from a page that holds some of its bytes and no other writable ones. */
static bool is_relro(uint64_t page)
{
    uint64_t end = page + BOOT_PAGE_SIZE;
    for (unsigned i = 0; i < __ehdr_start.phnum; i++) {
        const struct program_header *h = &headers()[i];
        uint64_t relro_end = h->vaddr + h->memsz;
        if (h->type == SEGMENT_RELRO && h->memsz > 0 && h->vaddr < end && page < relro_end)
            return !(h->vaddr > page && has_writable_bytes(page, h->vaddr)) &&
                   !(relro_end < end && has_writable_bytes(relro_end, end));
    }
    return false;
}

/* The union of rights of all segments that touch the page at this unbiased address; 0: no segment. */
static uint64_t page_rights(uint64_t page)
{
    uint64_t rights = 0;
    for (unsigned i = 0; i < __ehdr_start.phnum; i++) {
        const struct program_header *h = &headers()[i];
        if (h->type == SEGMENT_LOAD && h->memsz > 0 && h->vaddr < page + BOOT_PAGE_SIZE && page < h->vaddr + h->memsz)
            rights |= h->flags & 7;
    }
    return is_relro(page) ? rights & ~(uint64_t)RIGHT_WRITE : rights;
}

static const struct boot_segment *segment_at(const struct boot_info *info, uint64_t address)
{
    for (uint64_t i = 0; i < info->segment_count; i++) {
        if (address - info->segments[i].address < info->segments[i].size)
            return &info->segments[i];
    }
    return NULL;
}

/* Page by page, what is told must be what the headers ask for. */
static void check_rights(const struct boot_info *info)
{
    uint64_t wrong = 0, first_wrong = 0;
    for (uint64_t address = info->kernel_address; address < info->kernel_address + info->kernel_size;
         address += BOOT_PAGE_SIZE) {
        const struct boot_segment *segment = segment_at(info, address);
        uint64_t told = segment == NULL ? 0 : segment->rights;
        if (told != page_rights(address - info->kernel_bias) && wrong++ == 0)
            first_wrong = address;
    }
    check_that("rights of every page", wrong == 0, first_wrong, "the union of the ELF segments' rights");
}

static void check_bounds(const struct boot_info *info)
{
    uint64_t lowest = UINT64_MAX, highest = 0, alignment = BOOT_PAGE_SIZE;
    for (unsigned i = 0; i < __ehdr_start.phnum; i++) {
        const struct program_header *h = &headers()[i];
        if (h->type != SEGMENT_LOAD || h->memsz == 0)
            continue;
        lowest = h->vaddr < lowest ? h->vaddr : lowest;
        highest = h->vaddr + h->memsz > highest ? h->vaddr + h->memsz : highest;
        alignment = h->align > alignment ? h->align : alignment;
        digest_number(h->vaddr);
        digest_number(h->memsz);
        digest_number(h->flags);
    }
    lowest &= ~(BOOT_PAGE_SIZE - 1);
    highest = (highest + BOOT_PAGE_SIZE - 1) & ~(BOOT_PAGE_SIZE - 1);
    check_equal("kernel_address", info->kernel_address, lowest + info->kernel_bias);
    check_equal("kernel_size", info->kernel_size, highest - lowest);
    check_equal("the bias keeps p_align", info->kernel_bias % alignment, 0);
}

static void check_base(const struct boot_info *info)
{
    uint64_t wish = boot_note_.config.kernel_base;
    if (__ehdr_start.type == ELF_TYPE_EXEC)
        check_equal("kernel_bias of ET_EXEC", info->kernel_bias, 0);
    else if (wish > BOOT_NOWHERE)
        check_equal("kernel_address as asked", info->kernel_address, wish);
    check_that("ELF type", __ehdr_start.type == ELF_TYPE_EXEC || __ehdr_start.type == ELF_TYPE_DYN, __ehdr_start.type,
               "2 or 3");
    digest_number(__ehdr_start.type);
    digest_number(__ehdr_start.entry);
}

static void check_list(const struct boot_info *info)
{
    for (uint64_t i = 0; i < info->segment_count; i++) {
        const struct boot_segment *segment = &info->segments[i];
        check_equal("segment is page aligned", (segment->address | segment->phys | segment->size) % BOOT_PAGE_SIZE, 0);
        check_that("segment is not empty", segment->size > 0, segment->address, "some pages");
        if (i > 0)
            check_that("segments are sorted", segment->address >= segment[-1].address + segment[-1].size,
                       segment->address, "behind the one before");
        digest_number(segment->address - info->kernel_bias);
        digest_number(segment->size);
        digest_number(segment->rights);
    }
    check_equal("kernel_phys", info->kernel_phys, info->segments[0].phys);
}

static void check_tls_header(const struct boot_info *info)
{
    const struct program_header *tls = NULL;
    for (unsigned i = 0; i < __ehdr_start.phnum; i++)
        tls = headers()[i].type == SEGMENT_TLS ? &headers()[i] : tls;
    check_equal("tls.address", (uintptr_t)info->tls.address, tls == NULL ? 0 : tls->vaddr + info->kernel_bias);
    check_equal("tls.file_size", info->tls.file_size, tls == NULL ? 0 : tls->filesz);
    check_equal("tls.memory_size", info->tls.memory_size, tls == NULL ? 0 : tls->memsz);
    check_equal("tls.alignment", info->tls.alignment, tls == NULL ? 0 : tls->align);
    digest_number(info->tls.memory_size);
}

void check_segments(const struct boot_info *info)
{
    check_subject("segments");
    check_equal("ELF header in memory", fnv1a(0, __ehdr_start.ident, 4), fnv1a(0, "\177ELF", 4));
    if (!check_that("segment_count", info->segment_count > 0 && info->segment_count <= 256, info->segment_count,
                    "some segments"))
        return;
    check_base(info);
    check_bounds(info);
    check_list(info);
    check_rights(info);
    check_tls_header(info);
}
