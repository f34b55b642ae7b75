/* around_check.c: holds a signature against what debug information says of the function.
 *
 * Numbers of arguments, classes and sizes are compared; signs are not, a pointer may be called a 64-bit integer, and
 * members of structs are not looked at. What is not known contradicts nothing. Neighbours: around, resolve. */
#include "around.h"
#include "resolve.h"

static bool is_integer(enum gr_type_kind kind) {
    return (kind >= GR_TYPE_BOOL && kind <= GR_TYPE_U64) || kind == GR_TYPE_PTR || kind == GR_TYPE_CSTR;
}

static bool agrees(const struct gr_type *type, const struct gr_elf_value *value) {
    enum gr_type_kind kind = type->kind;
    bool class = false;
    switch (value->class) {
    case GR_ELF_CLASS_UNKNOWN:
        return true;
    case GR_ELF_CLASS_VOID:
        return kind == GR_TYPE_VOID;
    case GR_ELF_CLASS_INTEGER:
    case GR_ELF_CLASS_POINTER:
        class = is_integer(kind);
        break;
    case GR_ELF_CLASS_FLOAT:
        class = kind == GR_TYPE_F32 || kind == GR_TYPE_F64;
        break;
    case GR_ELF_CLASS_STRUCT:
        class = kind == GR_TYPE_STRUCT;
        break;
    case GR_ELF_CLASS_OTHER:
        return false;
    }
    return class && (value->size == 0 || value->size == type->size);
}

static bool all_agree(const struct gr_call_signature *signature, const struct gr_elf_prototype *prototype) {
    size_t count = prototype->count;
    if (signature->arguments < count || (signature->arguments > count && !prototype->variadic))
        return false;
    if (!agrees(&signature->type[0], &prototype->result))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!agrees(&signature->type[signature->argument[i]], &prototype->parameter[i]))
            return false;
    return true;
}

enum graft_status gr_around_check(const struct gr_around *around, struct gr_resolver *resolver, uint64_t address) {
    struct gr_elf_prototype prototype;
    if (!gr_resolver_prototype(resolver, address, &prototype))
        return GRAFT_OK;
    if (prototype.foreign)
        return GRAFT_SIGNATURE_UNKNOWN;
    return all_agree(&around->signature, &prototype) ? GRAFT_OK : GRAFT_SIGNATURE_MISMATCH;
}
