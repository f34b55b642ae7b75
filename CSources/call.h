/* call.h: what a call looks like: a signature, read from its text and as libffi wants it.
 *
 * Values and one allocation; knows nothing of probes, processes or code. Neighbours: status, compiler, libffi. */
#ifndef GR_CALL_H
#define GR_CALL_H

#include <ffi.h>
#include <graft/around.h>

enum { GR_TYPES_MAX = 256 }; /* types of one signature, result and members included */

/* The order is that of the words in call_signature.c. */
enum gr_type_kind {
    GR_TYPE_VOID,
    GR_TYPE_BOOL,
    GR_TYPE_I8,
    GR_TYPE_I16,
    GR_TYPE_I32,
    GR_TYPE_I64,
    GR_TYPE_U8,
    GR_TYPE_U16,
    GR_TYPE_U32,
    GR_TYPE_U64,
    GR_TYPE_F32,
    GR_TYPE_F64,
    GR_TYPE_PTR,
    GR_TYPE_CSTR,
    GR_TYPE_STRUCT,
    GR_TYPE_KINDS
};

/* A type; the members of a struct follow it, each with its own. */
struct gr_type {
    uint8_t kind;
    uint8_t align;   /* 1 for void */
    uint16_t size;   /* 0 for void */
    uint16_t end;    /* index of the type behind it and its members */
    uint16_t offset; /* in the struct that it is a direct member of; 0 elsewhere */
};

/* Types in the order of the text: the result at 0, then each argument. */
struct gr_call_signature {
    uint16_t count;                         /* of all types */
    uint16_t arguments;                     /* how many */
    uint16_t argument[GRAFT_ARGUMENTS_MAX]; /* index of each one's type */
    struct gr_type type[GR_TYPES_MAX];
};

/* Reads a signature; `*offset` (may be null) is the byte at which reading failed, set only then. */
enum graft_status gr_call_read(const char *text, struct gr_call_signature *signature, size_t *offset);

/* The word of a kind: "i32"; "{" for a struct. Static storage. */
const char *gr_type_name(enum gr_type_kind kind);

/* A signature as libffi describes calls, in one allocation. */
struct gr_call_shape {
    ffi_cif cif;
    ffi_type *argument[GRAFT_ARGUMENTS_MAX];
    ffi_type *members; /* types of structs, and behind them the lists of their members */
    uint32_t results;  /* registers of the result, GR_RESULT_* */
    uint32_t stack;    /* bytes of the arguments that are passed on the stack, a multiple of 8 */
};

/* arch/<isa>/results.c: the registers of the result, GR_RESULT_* of port.h. */
uint32_t gr_arch_results(const struct gr_call_signature *signature);

/* Makes the shape; the caller frees it with gr_call_shape_free. GRAFT_NO_MEMORY; GRAFT_UNSUPPORTED: libffi cannot. */
enum graft_status gr_call_shape_make(const struct gr_call_signature *signature, struct gr_call_shape **shape);
void gr_call_shape_free(struct gr_call_shape *shape);

#endif
