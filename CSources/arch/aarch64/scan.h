/* scan.h: what decode.c and scan.c share. */
#ifndef GR_SCAN_H
#define GR_SCAN_H

#include "arch/arch.h"

/* The kind of a word at an address, with its target and detail. GRAFT_NOT_CODE, GRAFT_NOT_RELOCATABLE,
 * GRAFT_FOREIGN_PATCH. */
enum graft_status gr_classify(uint32_t word, uint64_t address, struct gr_instruction *instruction);

/* Looks through the function for a jump to its own entry. GRAFT_BRANCH_INTO_PATCH with the offender's address. */
enum graft_status gr_scan_function(const struct gr_function *function, const struct gr_plan *plan, uint64_t *offender);

#endif
