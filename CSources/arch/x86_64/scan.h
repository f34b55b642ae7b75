/* scan.h: what decode.c and scan.c share. */
#ifndef GR_SCAN_H
#define GR_SCAN_H

#include "arch/arch.h"
#include <Zydis/Zydis.h>

void gr_decoder_open(ZydisDecoder *decoder);
bool gr_decode(const ZydisDecoder *decoder, const uint8_t *bytes, size_t size, ZydisDecodedInstruction *instruction);

/* The address of a RIP-relative operand, or of a relative branch's target; false when the instruction has none. */
bool gr_insn_rip_operand(const ZydisDecodedInstruction *instruction, uint64_t address, uint64_t *target);
bool gr_insn_branch(const ZydisDecodedInstruction *instruction, uint64_t address, uint64_t *target);

/* Looks through the function for anything that jumps to the bytes that a patch takes, and for wide vectors.
 * GRAFT_BRANCH_INTO_PATCH with the offender's address. */
enum graft_status gr_scan_function(const struct gr_function *function, struct gr_plan *plan, uint64_t *offender);

#endif
