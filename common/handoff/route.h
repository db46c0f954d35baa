/* The way from the loader's address space into the kernel's, shared by the part that prepares it and the part that
 * goes.
 *
 *   address space         maps                                              used by
 *   loader's              everything the loader has                         handoff_jump, handoff_switch
 *   transition tables     page of handoff_switch, blob at its physical      handoff_switch, handoff_enter_la57
 *   (4 levels; and as     address, blob at the bridge address
 *   part of 5)
 *   bridge tables         blob at the bridge address, blob at its final     handoff_enter
 *                         address
 *   kernel's              blob at its final address, the kernel             handoff_settle, then the kernel
 *
 * The kernel may have the blob where the loader's code lies; hence the bridge: an address that none of the others is
 * near. */
#ifndef STAGECOACH_HANDOFF_ROUTE_H
#define STAGECOACH_HANDOFF_ROUTE_H

#include "handoff.h"

struct handoff_route {
    uint64_t transition_tables; /* root, 4 levels, phys */
    uint64_t la57_tables;       /* root, 5 levels, phys: the same addresses */
    uint64_t bridge_tables;     /* root, 4 levels, phys */
    uint64_t bridge;            /* where the blob is mapped in between */
    uint64_t enter;             /* RIP with the transition tables */
    uint64_t enter_la57;        /* RIP with the 5-level tables */
};

struct handoff_route handoff_route(const struct handoff *handoff);

#endif
