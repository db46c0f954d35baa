/* Any text as QEMU's answer to "help": the names are words of it. */
#include "../../imgtool/qemu_lists.h"
#include "fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    FUZZ_ASSERT(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    for (int list = 0; list < QEMU_LIST_COUNT; list++) {
        size_t count;
        char **names = qemu_list_parse((enum qemu_list)list, text, &count);
        FUZZ_ASSERT((names == NULL) == (count == 0));
        for (size_t i = 0; i < count; i++) {
            FUZZ_ASSERT(names[i][0] != '\0' && strstr(text, names[i]) != NULL && strchr(names[i], '\n') == NULL);
            free(names[i]);
        }
        free(names);
    }
    free(text);
    return 0;
}
