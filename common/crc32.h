/* CRC-32 as GPT, zlib and Ethernet use it (reflected polynomial 0xEDB88320). */
#ifndef STAGECOACH_CRC32_H
#define STAGECOACH_CRC32_H

#include <stdint.h>

/* The CRC of all bytes so far and these; `crc` starts at 0. */
uint32_t crc32_add(uint32_t crc, const void *bytes, uint64_t size);

#endif
