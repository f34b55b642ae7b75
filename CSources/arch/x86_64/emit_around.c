/* emit_around.c: the trampoline of a port: leads to the thunk with the port in rax, and the caller's rax where stubs
 * leave it, 16 bytes below the entry's stack pointer (red zone: the function has not begun).
 *
 *   mov %rax,-16(%rsp)
 *   movabs $port,%rax
 *   jmp *(%rax)                  port->thunk
 *
 * Knows nothing of processes or memory management: it fills a buffer. */
#ifdef __x86_64__
#include "around.h"
#include <string.h>

_Static_assert(GR_PORT_THUNK == 0, "the jump has no displacement");

void gr_arch_emit_port(const struct gr_around_port *port, uint8_t code[GR_PORT_CODE_SIZE]) {
    static const uint8_t form[GR_PORT_CODE_SIZE] = {
        0x48, 0x89, 0x44, 0x24, 0xf0,       /* mov %rax,-16(%rsp) */
        0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, /* movabs $port,%rax */
        0xff, 0x20,                         /* jmp *(%rax) */
    };
    enum { PORT = 7 };
    uint64_t address = (uint64_t)(uintptr_t)port;
    memcpy(code, form, sizeof form);
    memcpy(code + PORT, &address, sizeof address);
}
#endif
