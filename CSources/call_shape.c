/* call_shape.c: a signature as libffi describes calls,. In which registers its result comes, arch knows.
 *
 * Neighbours: call.h. */
#include "call.h"
#include <stdlib.h>

static ffi_type *const plain[GR_TYPE_STRUCT] = {
    [GR_TYPE_VOID] = &ffi_type_void,
    [GR_TYPE_BOOL] = &ffi_type_uint8,
    [GR_TYPE_I8] = &ffi_type_sint8,
    [GR_TYPE_I16] = &ffi_type_sint16,
    [GR_TYPE_I32] = &ffi_type_sint32,
    [GR_TYPE_I64] = &ffi_type_sint64,
    [GR_TYPE_U8] = &ffi_type_uint8,
    [GR_TYPE_U16] = &ffi_type_uint16,
    [GR_TYPE_U32] = &ffi_type_uint32,
    [GR_TYPE_U64] = &ffi_type_uint64,
    [GR_TYPE_F32] = &ffi_type_float,
    [GR_TYPE_F64] = &ffi_type_double,
    [GR_TYPE_PTR] = &ffi_type_pointer,
    [GR_TYPE_CSTR] = &ffi_type_pointer,
};

/* What has been used of the one allocation behind the shape. */
struct making {
    const struct gr_call_signature *signature;
    ffi_type *next_struct;
    ffi_type **next_member;
};

static ffi_type *make_type(struct making *making, unsigned index) {
    const struct gr_type *type = &making->signature->type[index];
    if (type->kind != GR_TYPE_STRUCT)
        return plain[type->kind];
    ffi_type *made = making->next_struct++;
    unsigned members = 0;
    for (unsigned i = index + 1; i < type->end; i = making->signature->type[i].end)
        members++;
    *made = (ffi_type){.type = FFI_TYPE_STRUCT, .elements = making->next_member};
    making->next_member += members + 1;
    ffi_type **member = made->elements;
    for (unsigned i = index + 1; i < type->end; i = making->signature->type[i].end)
        *member++ = make_type(making, i);
    *member = NULL;
    return made;
}

enum graft_status gr_call_shape_make(const struct gr_call_signature *signature, struct gr_call_shape **shape) {
    size_t structs = 0; /* each type is a member at most once, and each list ends with a null */
    for (unsigned i = 0; i < signature->count; i++)
        structs += signature->type[i].kind == GR_TYPE_STRUCT;
    size_t members = signature->count + structs;
    struct gr_call_shape *made = calloc(1, sizeof *made + structs * sizeof(ffi_type) + members * sizeof(ffi_type *));
    if (made == NULL)
        return GRAFT_NO_MEMORY;
    made->members = (ffi_type *)(void *)(made + 1);
    struct making making = {.signature = signature,
        .next_struct = made->members,
        .next_member = (ffi_type **)(void *)(made->members + structs)};
    ffi_type *result = make_type(&making, 0);
    for (unsigned i = 0; i < signature->arguments; i++)
        made->argument[i] = make_type(&making, signature->argument[i]);
    if (ffi_prep_cif(&made->cif, FFI_DEFAULT_ABI, signature->arguments, result, made->argument) != FFI_OK) {
        free(made);
        return GRAFT_UNSUPPORTED;
    }
    made->results = gr_arch_results(signature);
    made->stack = (made->cif.bytes + 7u) & ~7u;
    *shape = made;
    return GRAFT_OK;
}

void gr_call_shape_free(struct gr_call_shape *shape) {
    free(shape);
}
