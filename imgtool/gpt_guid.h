/* GUIDs as a GPT has them: the first three fields are little-endian. */
#ifndef STAGECOACH_IMGTOOL_GPT_GUID_H
#define STAGECOACH_IMGTOOL_GPT_GUID_H

#include <stdbool.h>
#include <stdint.h>

/* From the order of the text, which libuuid has, to that of the disk. */
void gpt_guid_store(const uint8_t uuid[16], uint8_t guid[16]);

/* "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", upper or lower case. False: anything else. */
bool gpt_guid_parse(const char *text, uint8_t guid[16]);

#endif
