/* emit_around.c: the trampoline of a port: leads to the thunk with the port in x17. See around.S.
 *
 *   movz x17, …; movk x17, …     the port
 *   ldr  x16, [x17]              port->thunk
 *   br   x16
 *
 * Knows nothing of processes or memory management: it fills a buffer. */
#ifdef __aarch64__
#include "around.h"
#include <string.h>

_Static_assert(GR_PORT_THUNK == 0, "the load has no offset");

void gr_arch_emit_port(const struct gr_around_port *port, uint8_t code[GR_PORT_CODE_SIZE]) {
    enum { X16 = 16, X17 = 17, PART = 16, PARTS = 4, LOAD = PARTS, JUMP, WORDS };
    uint64_t address = (uint64_t)(uintptr_t)port;
    uint32_t words[WORDS];
    for (unsigned part = 0; part < PARTS; part++) {
        uint32_t bits = address >> part * PART & 0xffff;
        words[part] = (part == 0 ? 0xd2800000 : 0xf2800000) | part << 21 | bits << 5 | X17;
    }
    words[LOAD] = 0xf9400000 | X17 << 5 | X16;
    words[JUMP] = 0xd61f0000 | X16 << 5;
    _Static_assert(sizeof words == GR_PORT_CODE_SIZE, "the code fills its room");
    memcpy(code, words, sizeof words);
}
#endif
