/* What is wrong with an image, and where: collected by verify's checks in the order in which boot needs the parts. */
#ifndef STAGECOACH_IMGTOOL_FINDINGS_H
#define STAGECOACH_IMGTOOL_FINDINGS_H

#include <stddef.h>
#include <stdint.h>

struct finding {
    char *structure; /* "primary GPT header" */
    char *text;
    char *sentence;  /* the text behind the structure's name */
    uint64_t offset; /* bytes from the image's start */
};

struct findings {
    struct finding *list;
    size_t count;
};

/* Ends the program if there is no memory. */
__attribute__((format(printf, 4, 5))) void findings_add(struct findings *findings, const char *structure,
                                                        uint64_t offset, const char *format, ...);
void findings_free(struct findings *findings);

#endif
