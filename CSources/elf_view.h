/* elf_view.h: a read-only view of one ELF image on disk: its functions, unwind ranges, producer and source lines.
 *
 * Owns the mapped file and the libdw handle; a file may be hostile or cut short. Knows nothing of processes or load
 * addresses: all addresses are virtual addresses of the file. Control plane only; one thread at a time for each view.
 * Neighbours: os, log, texts. */
#ifndef GR_ELF_VIEW_H
#define GR_ELF_VIEW_H

#include <graft/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GR_ELF_FILE_MAX = 1 << 30,          /* bytes of an image that we are willing to map */
    GR_ELF_FUNCTIONS_MAX = 4 * 1000000, /* symbols and unwind ranges of one image; the rest is ignored and logged */
};

struct gr_elf;

/* One function symbol, or one unwind range without a symbol (symbol ""). */
struct gr_elf_function {
    uint64_t address;    /* virtual address */
    uint64_t size;       /* 0 when unknown */
    const char *symbol;  /* linker name without version; owned by the view */
    const char *version; /* "" when unversioned; owned by the view */
    bool default_version;
    bool ifunc;
    bool has_unwind; /* an FDE covers `address` */
};

/* Opens `path`: a 64-bit executable or shared object for this machine. Reads .symtab, .dynsym with versions,
 * .gnu_debugdata, and a separate debug file found by build-id (/usr/lib/debug/.build-id/xx/yyy.debug) or .gnu_debuglink
 * (beside it, in .debug/, under /usr/lib/debug): each when something first needs it.
 * GRAFT_BAD_IMAGE, GRAFT_NOT_FOUND, GRAFT_OS, GRAFT_NO_MEMORY. */
enum graft_status gr_elf_open(const char *path, struct gr_elf **elf);
/* Null is allowed. */
void gr_elf_close(struct gr_elf *elf);

/* Lower-case hexadecimal; "" when there is none. Owned by the view. */
const char *gr_elf_build_id(const struct gr_elf *elf);
/* DT_SONAME; "" when there is none. Owned by the view. */
const char *gr_elf_soname(const struct gr_elf *elf);
/* True when every function of the image is one for which gr_elf_abi_function is true; the start-up code that GCC adds
 * to each program (crt1.o, crtbegin.o) does not count. False when nothing is known. */
bool gr_elf_abi_callers(struct gr_elf *elf);

/* Every function, sorted by address and then by symbol; several with one address are aliases, also two versions of
 * one symbol. `address + size` lies within the executable segment of `address`. The array is built on first use, is
 * owned by the view and lives as long as it. GRAFT_NO_MEMORY. */
enum graft_status gr_elf_functions(struct gr_elf *elf, const struct gr_elf_function **functions, size_t *count);

/* Whether one of the strings that the names of gr_elf_functions are taken from holds `text`, of `size` bytes, and is one
 * that `counts` accepts. Reads no symbol, so it is quick where the file has not been looked into. A string may be no
 * function's name, and a name may begin in the midst of one. */
bool gr_elf_any_name(struct gr_elf *elf, const char *text, size_t size, bool (*counts)(const char *string));

/* The function that the loader would find by this name and no version: in the dynamic symbols alone. Reads nothing else,
 * so it is quick where the file has not been looked into. False when there is none. */
bool gr_elf_exported(struct gr_elf *elf, const char *symbol, struct gr_elf_function *function);

/* True when `function`, one of gr_elf_functions, is known to be made by clang or swiftc, so that its callers assume no
 * more than the ABI; false for code of other compilers, for assembly, and when it is not known. More precise than
 * gr_elf_abi_callers: one image may have parts by several compilers. */
bool gr_elf_abi_function(struct gr_elf *elf, const struct gr_elf_function *function);

/* Bytes of executable segments at a virtual address, from the file: `*available` contiguous bytes. Null when the
 * address is not in an executable segment. */
const uint8_t *gr_elf_code(const struct gr_elf *elf, uint64_t address, size_t *available);

/* The next section of code at index `*next` or after it, which is then moved past it; begins at 0. False when there is no
 * further one. An executable segment may hold much else. */
bool gr_elf_code_section(const struct gr_elf *elf, uint64_t *next, uint64_t *start, uint64_t *size);

/* The function whose unwind range (FDE) covers the address. */
bool gr_elf_unwind_range(struct gr_elf *elf, uint64_t address, uint64_t *start, uint64_t *size);

/* Source file and line of an address, where debug information exists; `*file` is owned by the view. */
bool gr_elf_source_line(struct gr_elf *elf, uint64_t address, const char **file, uint32_t *line);

enum { GR_ELF_PARAMETERS_MAX = 64 }; /* of one function; one with more is not known */

/* How a value is passed, as far as debug information says it. */
enum gr_elf_class {
    GR_ELF_CLASS_UNKNOWN, /* not understood: could be anything */
    GR_ELF_CLASS_VOID,
    GR_ELF_CLASS_INTEGER, /* also enumerations */
    GR_ELF_CLASS_POINTER, /* also what is passed by invisible reference */
    GR_ELF_CLASS_FLOAT,
    GR_ELF_CLASS_STRUCT, /* also unions */
    GR_ELF_CLASS_OTHER,  /* known, and none of these: complex numbers, vectors */
};
struct gr_elf_value {
    enum gr_elf_class class;
    uint64_t size; /* 0 when unknown */
};

/* How a function is called. The address of a result that is returned by invisible reference is its first parameter. */
struct gr_elf_prototype {
    struct gr_elf_value result;
    size_t count;
    struct gr_elf_value parameter[GR_ELF_PARAMETERS_MAX];
    bool variadic;
    bool foreign; /* not by C's convention: another language's, or the compiler has changed it for its callers */
};

/* What debug information says of the function that begins at a virtual address. False when it says nothing. */
bool gr_elf_prototype(struct gr_elf *elf, uint64_t address, struct gr_elf_prototype *prototype);

#endif
