/* elf_prototype.c: how a function is called, from the entry (DIE) of the function and those of its parameters.
 *
 * A function that was also inlined has its parameters in its abstract origin, complete and in order. What is not
 * understood is said to be unknown, never guessed. Neighbours: elf_units (which unit), elf_dwarf (the session). */
#include "elf_internal.h"
#include <dwarf.h>
#include <elfutils/libdw.h>

enum { TYPE_STEPS_MAX = 32, ORIGINS_MAX = 8 }; /* damaged information may go round in circles */

struct search {
    uint64_t address;
    Dwarf_Die found;
    bool is_found;
};

static int look_at(Dwarf_Die *die, void *context) {
    struct search *search = context;
    Dwarf_Addr start;
    if (dwarf_entrypc(die, &start) != 0 || start != search->address)
        return DWARF_CB_OK;
    search->found = *die;
    search->is_found = true;
    return DWARF_CB_ABORT;
}

static bool integer_of(Dwarf_Die *die, unsigned name, Dwarf_Word *value) {
    Dwarf_Attribute attribute;
    return dwarf_formudata(dwarf_attr_integrate(die, name, &attribute), value) == 0;
}

static bool flag_of(Dwarf_Die *die, unsigned name) {
    Dwarf_Attribute attribute;
    bool value = false;
    return dwarf_formflag(dwarf_attr_integrate(die, name, &attribute), &value) == 0 && value;
}

/* The type that an entry has, or, for a type, stands on. */
static bool type_of(Dwarf_Die *die, Dwarf_Die *type) {
    Dwarf_Attribute attribute;
    return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attribute), type) != NULL;
}

static enum gr_elf_class class_of_base(Dwarf_Die *type) {
    Dwarf_Word encoding;
    if (!integer_of(type, DW_AT_encoding, &encoding))
        return GR_ELF_CLASS_UNKNOWN;
    switch (encoding) {
    case DW_ATE_boolean:
    case DW_ATE_signed:
    case DW_ATE_signed_char:
    case DW_ATE_unsigned:
    case DW_ATE_unsigned_char:
    case DW_ATE_UTF:
    case DW_ATE_address:
        return GR_ELF_CLASS_INTEGER;
    case DW_ATE_float:
        return GR_ELF_CLASS_FLOAT;
    default:
        return GR_ELF_CLASS_OTHER;
    }
}

static enum gr_elf_class class_of_struct(Dwarf_Die *type) {
    Dwarf_Word convention;
    if (integer_of(type, DW_AT_calling_convention, &convention) && convention == DW_CC_pass_by_reference)
        return GR_ELF_CLASS_POINTER;
    return flag_of(type, DW_AT_declaration) ? GR_ELF_CLASS_UNKNOWN : GR_ELF_CLASS_STRUCT;
}

static enum gr_elf_class class_of(Dwarf_Die *type) {
    switch (dwarf_tag(type)) {
    case DW_TAG_base_type:
        return class_of_base(type);
    case DW_TAG_enumeration_type:
        return GR_ELF_CLASS_INTEGER;
    case DW_TAG_pointer_type:
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
        return GR_ELF_CLASS_POINTER;
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
        return class_of_struct(type);
    case DW_TAG_array_type:
        return flag_of(type, DW_AT_GNU_vector) ? GR_ELF_CLASS_OTHER : GR_ELF_CLASS_UNKNOWN;
    default:
        return GR_ELF_CLASS_UNKNOWN;
    }
}

static bool is_name_for_another(int tag) {
    return tag == DW_TAG_typedef || tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
           tag == DW_TAG_restrict_type || tag == DW_TAG_atomic_type;
}

/* The value that an entry is, or returns: no type is void. */
static struct gr_elf_value value_of(Dwarf_Die *die) {
    struct gr_elf_value value = {.class = GR_ELF_CLASS_VOID};
    Dwarf_Die type = *die;
    for (int steps = 0; steps < TYPE_STEPS_MAX; steps++) {
        if (!type_of(&type, &type))
            return value;
        if (is_name_for_another(dwarf_tag(&type)))
            continue;
        Dwarf_Word size;
        value.class = class_of(&type);
        if (value.class == GR_ELF_CLASS_POINTER)
            value.size = sizeof(void *);
        else if (integer_of(&type, DW_AT_byte_size, &size))
            value.size = size;
        return value;
    }
    value.class = GR_ELF_CLASS_UNKNOWN;
    return value;
}

static bool add(struct gr_elf_prototype *prototype, struct gr_elf_value value) {
    if (prototype->count == GR_ELF_PARAMETERS_MAX)
        return false;
    prototype->parameter[prototype->count++] = value;
    return true;
}

/* False when they are not known: constructors of virtual bases have hidden parameters, which depend on who calls. */
static bool read_parameters(Dwarf_Die *function, struct gr_elf_prototype *prototype) {
    Dwarf_Die child;
    bool first = true;
    if (dwarf_child(function, &child) != 0)
        return true;
    do {
        int tag = dwarf_tag(&child);
        if (tag == DW_TAG_unspecified_parameters)
            prototype->variadic = true;
        if (tag != DW_TAG_formal_parameter)
            continue;
        if (!first && flag_of(&child, DW_AT_artificial))
            return false;
        first = false;
        struct gr_elf_value value = value_of(&child);
        if (value.class == GR_ELF_CLASS_VOID)
            value.class = GR_ELF_CLASS_UNKNOWN;
        if (!add(prototype, value))
            return false;
    } while (dwarf_siblingof(&child, &child) == 0);
    return true;
}

/* The result is returned at an address that the caller passes first, and the address is returned. */
static bool returns_by_reference(Dwarf_Die *function) {
    Dwarf_Die type = *function;
    for (int steps = 0; steps < TYPE_STEPS_MAX && type_of(&type, &type); steps++) {
        int tag = dwarf_tag(&type);
        if (!is_name_for_another(tag))
            return (tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type) &&
                   class_of_struct(&type) == GR_ELF_CLASS_POINTER;
    }
    return false;
}

static bool is_foreign(Dwarf_Die *unit, Dwarf_Die *function) {
    enum { SWIFT = 0x1e }; /* DW_LANG_Swift, which older headers do not name */
    int language = dwarf_srclang(unit);
    Dwarf_Word convention;
    return language == SWIFT || language == DW_LANG_Go ||
           (integer_of(function, DW_AT_calling_convention, &convention) && convention != DW_CC_normal);
}

static Dwarf_Die origin_of(Dwarf_Die die) {
    Dwarf_Attribute attribute;
    for (int steps = 0; steps < ORIGINS_MAX; steps++)
        if (dwarf_formref_die(dwarf_attr(&die, DW_AT_abstract_origin, &attribute), &die) == NULL)
            break;
    return die;
}

bool gr_elf_prototype(struct gr_elf *elf, uint64_t address, struct gr_elf_prototype *prototype) {
    const struct gr_elf_unit *unit = gr_elf_unit_at(elf, address);
    struct search search = {.address = address};
    Dwarf_Die die;
    if (unit == NULL || dwarf_offdie(gr_elf_dwarf_session(elf), unit->die, &die) == NULL)
        return false;
    dwarf_getfuncs(&die, look_at, &search, 0);
    if (!search.is_found)
        return false;
    struct gr_elf_prototype found = {.foreign = is_foreign(&die, &search.found)};
    Dwarf_Die origin = origin_of(search.found);
    found.result = value_of(&origin);
    if (returns_by_reference(&origin))
        add(&found, found.result);
    if (!read_parameters(&origin, &found))
        return false;
    *prototype = found;
    return true;
}
