/* The ISO 9660 volume of an image that is a CD too (ECMA-119), its Joliet names, and the El Torito boot catalog. The
 * volume has only descriptors and directories of its own: its files' extents are the clusters of the FAT volume in the
 * same image.
 *
 *     0  partition tables, stage 1 (the system area, 32 KiB)
 *    16  primary descriptor      17  boot record           18  Joliet descriptor      19  end of the descriptors
 *    20  boot catalog            21  boot sector for a CD
 *    22  path tables, then directories, of the primary names and then of Joliet's
 *
 * A block has 2048 bytes. */
#ifndef STAGECOACH_IMGTOOL_ISO_FORMAT_H
#define STAGECOACH_IMGTOOL_ISO_FORMAT_H

#include <stdint.h>

#define ISO_BLOCK_SIZE 2048u
#define ISO_BLOCK_SECTORS 4u /* of 512 bytes */

#define ISO_PRIMARY_BLOCK 16u
#define ISO_BOOT_RECORD_BLOCK 17u
#define ISO_JOLIET_BLOCK 18u
#define ISO_END_BLOCK 19u
#define ISO_CATALOG_BLOCK 20u
#define ISO_BOOT_CODE_BLOCK 21u
#define ISO_TABLES_BLOCK 22u

#define ISO_IDENTIFIER "CD001" /* bytes 1 to 5 of each descriptor */
#define ISO_TYPE_BOOT_RECORD 0u
#define ISO_TYPE_PRIMARY 1u
#define ISO_TYPE_SUPPLEMENTARY 2u
#define ISO_TYPE_END 255u
#define ISO_BOOT_SYSTEM "EL TORITO SPECIFICATION"
#define ISO_JOLIET_ESCAPE "%/E" /* UCS-2, level 3 */

#define ISO_OUR_NAME "STAGECOACH" /* of the volume, and in the boot catalog's validation entry */
#define ISO_PREPARED_BY "STAGECOACH IMGTOOL"

/* Offsets in a volume descriptor: ECMA-119, 8.4. */
#define ISO_VOLUME_NAME 40u
#define ISO_VOLUME_NAME_SIZE 32u
#define ISO_VOLUME_BLOCKS 80u
#define ISO_ESCAPE 88u
#define ISO_PATH_TABLE_SIZE 132u
#define ISO_PATH_TABLE_LITTLE 140u
#define ISO_PATH_TABLE_BIG 148u
#define ISO_ROOT_RECORD 156u
#define ISO_PREPARER 446u
#define ISO_BOOT_CATALOG 71u /* in the boot record */

/* A directory record: ECMA-119, 9.1. */
#define ISO_RECORD_SIZE 33u /* before the name */
#define ISO_RECORD_EXTENT 2u
#define ISO_RECORD_LENGTH 10u
#define ISO_RECORD_DATE 18u
#define ISO_RECORD_FLAGS 25u
#define ISO_RECORD_VOLUME 28u
#define ISO_RECORD_NAME_SIZE 32u
#define ISO_FLAG_DIRECTORY 2u
#define ISO_FLAG_MORE 0x80u /* the file goes on in the next record */

#define ISO_DEPTH_MAX 8u         /* levels of directories, the root's included */
#define ISO_JOLIET_NAME_MAX 103u /* characters: what fits into a record with ";1", and what all readers take */
#define ISO_NAME_SIZE_MAX (ISO_JOLIET_NAME_MAX * 2 + 4)

/* The boot catalog: El Torito 1.0, 2.1 to 2.4. Entries of 32 bytes. */
#define ISO_ENTRY_SIZE 32u
#define ISO_PLATFORM_BIOS 0u
#define ISO_PLATFORM_EFI 0xefu
#define ISO_VALIDATION 1u
#define ISO_VALIDATION_NAME 4u
#define ISO_VALIDATION_SUM 28u
#define ISO_BOOTABLE 0x88u
#define ISO_LAST_SECTION 0x91u
#define ISO_BOOT_SECTORS 4u /* that the BIOS loads: what all of them can */
#define ISO_SECTION_HEADER 64u
#define ISO_EFI_ENTRY 96u

#endif
