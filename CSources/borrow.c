/* borrow.c: a library that is linked with all that it uses borrows nothing. See borrow.h. */
#include "borrow.h"
#include "compiler.h"

/* Weak: the agent's library has another one. */
GR_WEAK void gr_borrow(void) {
}
