#include "mapping_plan.h"

enum status mapping_plan_add(struct mapping_plan *plan, const struct paging_mapping *mapping, struct error *error)
{
    if (mapping->size == 0)
        return STATUS_OK;
    if (plan->count == plan->capacity)
        return error_set(error, STATUS_INTERNAL, "no room to plan the mapping of the %s", mapping->name);
    plan->mappings[plan->count++] = *mapping;
    return STATUS_OK;
}
