/* test_prologue.c: what is said of an instruction by its first bytes, the decoder says too: arch/x86_64/prologue.h. */
#include "arch/x86_64/prologue.h"
#include "arch/x86_64/scan.h"
#include "check.h"

enum { ROOM = 16, HEADS = 1 << 24 };

static ZydisDecoder decoder;

static bool ends_or_pads(ZydisMnemonic mnemonic) {
    return mnemonic == ZYDIS_MNEMONIC_NOP || mnemonic == ZYDIS_MNEMONIC_INT3 || mnemonic == ZYDIS_MNEMONIC_JMP ||
           mnemonic == ZYDIS_MNEMONIC_RET || mnemonic == ZYDIS_MNEMONIC_UD2 || mnemonic == ZYDIS_MNEMONIC_HLT ||
           mnemonic == ZYDIS_MNEMONIC_CALL || mnemonic == ZYDIS_MNEMONIC_XBEGIN;
}

static void compare(const uint8_t bytes[ROOM], unsigned length) {
    ZydisDecodedInstruction in;
    uint64_t target;
    CHECK(gr_decode(&decoder, bytes, ROOM, &in));
    CHECK_EQUAL(in.length, length);
    CHECK(!gr_insn_branch(&in, 0, &target) && !gr_insn_rip_operand(&in, 0, &target));
    CHECK(!ends_or_pads(in.mnemonic) && in.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY);
}

/* The first three bytes decide; what follows is a number at most. */
static void whatever_is_known_is_what_the_decoder_says(void) {
    uint8_t bytes[ROOM] = {0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc};
    unsigned known = 0;
    for (uint32_t head = 0; head < HEADS; head++) {
        bytes[0] = (uint8_t)head;
        bytes[1] = (uint8_t)(head >> 8);
        bytes[2] = (uint8_t)(head >> 16);
        unsigned length = gr_prologue_insn(bytes, ROOM);
        if (length == 0)
            continue;
        known++;
        if (bytes[0] < 0x58 && bytes[0] >= 0x50 && bytes[2] != 0x90) /* of pushes the rest does not matter */
            continue;
        compare(bytes, length);
    }
    CHECK(known > 1 << 20);
}

static void the_beginnings_that_compilers_write_are_known(void) {
    static const struct {
        uint8_t bytes[ROOM];
        unsigned length;
    } heads[] = {
        {{0x55}, 1},                                     /* push %rbp */
        {{0x41, 0x57}, 2},                               /* push %r15 */
        {{0x48, 0x89, 0xe5}, 3},                         /* mov %rsp,%rbp */
        {{0x49, 0x89, 0xfc}, 3},                         /* mov %rdi,%r12 */
        {{0x89, 0xf3}, 2},                               /* mov %esi,%ebx */
        {{0x48, 0x83, 0xec, 0x18}, 4},                   /* sub $24,%rsp */
        {{0x48, 0x81, 0xec, 0x88, 0x01, 0x00, 0x00}, 7}, /* sub $392,%rsp */
        {{0x31, 0xc0}, 2},                               /* xor %eax,%eax */
        {{0x48, 0x85, 0xff}, 3},                         /* test %rdi,%rdi */
        {{0xb8, 0x01, 0x00, 0x00, 0x00}, 5},             /* mov $1,%eax */
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        CHECK_EQUAL(gr_prologue_insn(heads[i].bytes, ROOM), heads[i].length);
}

static void what_may_be_cut_short_is_left_to_the_decoder(void) {
    static const uint8_t bytes[ROOM] = {0x48, 0x81, 0xec, 0x88, 0x01};
    for (size_t size = 0; size < 8; size++)
        CHECK_EQUAL(gr_prologue_insn(bytes, size), 0);
    CHECK_EQUAL(gr_prologue_insn(bytes, 8), 7);
}

int main(void) {
    gr_decoder_open(&decoder);
    RUN(the_beginnings_that_compilers_write_are_known);
    RUN(what_may_be_cut_short_is_left_to_the_decoder);
    RUN(whatever_is_known_is_what_the_decoder_says);
    return 0;
}
