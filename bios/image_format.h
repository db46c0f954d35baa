/* What imgtool fills in when it writes the BIOS loader to a disk, and where. image_format.inc is the same for NASM.
 *
 * What comes out of the build of bios/ for that:
 *   stage1.bin  440 bytes, the start of the master boot record. Bytes 3..0x59 are free of code and data, because some
 *               firmware writes a FAT parameter block there. imgtool adds disk signature, partition table and 55 AA.
 *   stages.bin  stages 2 to 4, of which stage 4 is packed, then stage 4's overlay, packed by itself: what most boots do
 *               without, and stage 4 reads when it is needed. Both are multiples of 512 bytes, together at most
 *               BIOS_STAGES_SIZE_MAX. It is stored in one run of 512-byte sectors: in the BIOS boot partition of a GPT
 *               disk, in the gap behind the MBR of an MBR disk, among the reserved sectors of a FAT volume that is the
 *               whole disk.
 *   cd.bin      as stage1.bin, for a CD: 440 bytes with the same patch area, but all of it may be code. Its sectors have 2048
 *               bytes, and the stages begin at one.
 *   uefi_only.bin  as stage1.bin, for images without the BIOS loader: says so. BIOS_UEFI_ONLY_MAGIC stands where the
 *               patch area is.
 *   netboot.bin BIOS_NETBOOT_SIZE bytes that stand before stages.bin in the file which a PXE ROM loads.
 *
 * imgtool fills in struct bios_stage1_patch and the fields of struct bios_stages_header that say so. All numbers are
 * little-endian. */
#ifndef STAGECOACH_BIOS_IMAGE_FORMAT_H
#define STAGECOACH_BIOS_IMAGE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define BIOS_SECTOR_SIZE 512u
#define BIOS_STAGE1_SIZE 440u
#define BIOS_STAGE1_GAP_START 3u /* no code or data in [3, 0x5a) */
#define BIOS_STAGE1_GAP_END 0x5au
#define BIOS_STAGES_SIZE_MAX (128u * 1024u)

#define BIOS_STAGE1_PATCH_OFFSET 424u /* in stage1.bin; up to its end */
struct bios_stage1_patch {
    uint64_t stages_lba;     /*  0  first sector of stages.bin on the disk */
    uint32_t image_id;       /*  8  any number that other disks are unlikely to have; the same as in the stages' header.
                                    Stage 1 tells its own disk by it when the BIOS gave it a wrong drive number. */
    uint16_t stages_sectors; /* 12  sectors that stage 1 loads: stages 2 to 4 */
    uint16_t overlay_sectors; /* 14  sectors of the overlay, behind them */
};

#define BIOS_STAGES_MAGIC "STGCSTGS" /* 8 bytes, no NUL */
#define BIOS_STAGES_FORMAT 3u
#define BIOS_UEFI_ONLY_MAGIC "STGCUEFI" /* 8 bytes, no NUL */
#define BIOS_STAGES_PLAIN 4096u         /* bytes, stages 2 and 3, which are stored as they run */
#define BIOS_PACKED_MAX (65536u - 16u)  /* of either LZ4 block: its room in memory, and what unpacking reads too much */
#define BIOS_STAGES_SUM_START 32u       /* what lies before it is not summed */
struct bios_stages_header {             /* the first bytes of stages.bin; code follows */
    uint8_t magic[8];                   /*  0  BIOS_STAGES_MAGIC; set by the build */
    uint32_t image_id;                  /*  8  filled in by imgtool */
    uint32_t size;        /* 12  bytes of stages 2 to 4, a multiple of 512: the overlay follows; set by the build */
    uint32_t sum;         /* 16  filled in by imgtool: bios_stages_sum() of bytes [BIOS_STAGES_SUM_START, size) */
    uint32_t format;      /* 20  BIOS_STAGES_FORMAT; set by the build */
    uint32_t reserved[2]; /* 24  0 */
    uint32_t packed_size; /* 32  bytes of the LZ4 block at BIOS_STAGES_PLAIN, which is stage 4; set by the build */
    uint32_t overlay_packed_size; /* 36  bytes of the LZ4 block at `size`, which is the overlay; set by the build */
    uint32_t overlay_size;        /* 40  bytes of it when unpacked; set by the build */
    uint32_t overlay_sum; /* 44  bios_stages_sum() of that block, with zeroes up to whole sectors; set by the build */
};

/* netboot.bin, what a PXE ROM loads and starts: stages.bin, filled in as for a disk, follows it in the same file. */
#define BIOS_NETBOOT_SIZE 512u

_Static_assert(sizeof(struct bios_stage1_patch) == 16, "stage 1 reads it");
_Static_assert(BIOS_STAGE1_PATCH_OFFSET + sizeof(struct bios_stage1_patch) == BIOS_STAGE1_SIZE, "it ends stage 1");
_Static_assert(sizeof(struct bios_stages_header) == 48, "stage 1 and stage 2 read it");
_Static_assert(offsetof(struct bios_stages_header, packed_size) == BIOS_STAGES_SUM_START, "what follows is summed");
_Static_assert(offsetof(struct bios_stages_header, sum) == 16, "stage 2 reads it");

/* Sectors of stages.bin on a disk with this stage 1. */
static inline uint32_t bios_stages_sectors(const struct bios_stage1_patch *patch)
{
    return (uint32_t)patch->stages_sectors + patch->overlay_sectors;
}

/* `bytes`, below 4 GiB by more than a sector, up to whole sectors. */
static inline uint32_t bios_whole_sectors(uint32_t bytes)
{
    return (bytes + BIOS_SECTOR_SIZE - 1) / BIOS_SECTOR_SIZE * BIOS_SECTOR_SIZE;
}

/* Bytes that the overlay takes on the disk; only of a header that is known to be right. */
static inline uint32_t bios_overlay_room(const struct bios_stages_header *header)
{
    return bios_whole_sectors(header->overlay_packed_size);
}

#define BIOS_STAGES_SUM_TURN 5u
#define BIOS_STAGES_SUM_FACTOR 0x9e3779b1u

/* The sum of `size` bytes, a multiple of 4. Each step can be undone, so that a change of one 32-bit word never stays
 * unseen, and one of several words once in 2^32. A CRC by table would cost real-mode code ten times as much. */
static inline uint32_t bios_stages_sum(const uint8_t *bytes, uint64_t size)
{
    uint32_t sum = 0;
    for (uint64_t i = 0; i + 4 <= size; i += 4) {
        sum ^= bytes[i] | (uint32_t)bytes[i + 1] << 8 | (uint32_t)bytes[i + 2] << 16 | (uint32_t)bytes[i + 3] << 24;
        sum = sum << BIOS_STAGES_SUM_TURN | sum >> (32 - BIOS_STAGES_SUM_TURN);
        sum *= BIOS_STAGES_SUM_FACTOR;
    }
    return sum;
}

#endif
