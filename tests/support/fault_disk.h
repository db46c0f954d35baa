/* A disk in memory behind struct block_target that fails on demand. */
#ifndef STAGECOACH_TESTS_FAULT_DISK_H
#define STAGECOACH_TESTS_FAULT_DISK_H

#include <block_target.h>

#include <stdbool.h>

#define FAULT_DISK_SIZE 65536u
#define FAULT_DISK_CALLS 256u

struct fault_disk {
    struct block_target target;
    uint8_t cache[FAULT_DISK_SIZE];   /* what was written */
    uint8_t medium[FAULT_DISK_SIZE];  /* what a flush has brought there */
    char calls[FAULT_DISK_CALLS + 1]; /* 'W', 'R', 'F', one letter each */
    uint64_t offsets[FAULT_DISK_CALLS];
    unsigned call_count;
    uint64_t most;      /* bytes that one call moves; 0: all */
    int fail_at, error; /* the fail_at-th call (from 0) gives -error; -1: none does */
    bool interrupted;   /* every other call is -EINTR */
    int64_t lies_at;    /* this byte reads back wrong; -1: none */
    int64_t size;       /* what it says that it has */
    int shrinks_at;     /* from this call on it has no bytes any more; -1: never */
};

void fault_disk_init(struct fault_disk *disk);

#endif
