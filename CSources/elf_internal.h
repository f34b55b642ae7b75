/* elf_internal.h: what the files of the ELF view share: one file's container, the view, and its limits.
 *
 *   elf.c           opens and closes the view; build-id, soname, code
 *   elf_file.c      one ELF file in memory: headers, sections, strings; checks every offset
 *   elf_note.c      its build-id
 *   elf_dynamic.c   what the loader sees: soname, dynamic symbols and their versions
 *   elf_symbols.c   all sources of functions -> one list
 *   elf_functions.c the list -> the sorted array
 *   elf_cfi.c       one record of .eh_frame
 *   elf_unwind.c    .eh_frame -> sorted ranges
 *   elf_debug.c     finds and checks a separate debug file
 *   elf_minidebug.c unpacks .gnu_debugdata
 *   elf_dwarf.c     DWARF: a libdw session
 *   elf_prototype.c DWARF: how a function is called
 *   elf_units.c     its compilation units by address
 *   elf_producer.c  which compiler made what
 *   elf_lines.c     source file and line of an address
 *
 * A file may be hostile: nothing here trusts an offset, a count or a string's end. */
#ifndef GR_ELF_INTERNAL_H
#define GR_ELF_INTERNAL_H

#include "elf_view.h"
#include "texts.h"
#include <elf.h>

enum {
    GR_ELF_SEGMENTS_MAX = 64,           /* PT_LOAD headers of an image; more is GRAFT_BAD_IMAGE */
    GR_ELF_BUILD_ID_MAX = 64,           /* bytes; a longer build-id counts as none */
    GR_ELF_NOTES_MAX = 1 << 20,         /* bytes of notes that are searched for the build-id */
    GR_ELF_SYMBOL_MAX = 1 << 16,        /* bytes of one symbol's name; a longer one is ignored */
    GR_ELF_NAMES_MAX = 1 << 29,         /* bytes of all names of an image: bounds the time to sort them */
    GR_ELF_MINIDEBUG_MAX = 1 << 26,     /* bytes that .gnu_debugdata may unpack to, and its decoder may use */
    GR_ELF_DEBUG_INFLATED_MAX = 1 << 28 /* bytes that compressed .debug_* sections may unpack to, together */
};

/* The limits as values, so that tests can reach them with small files. */
struct gr_elf_limits {
    size_t file;
    size_t functions; /* function symbols, unwind ranges and ranges of compilation units, each */
    size_t names;
    size_t minidebug;
    size_t debug_inflated;
};

/* How to open a view; gr_elf_open uses the constants above and /usr/lib/debug. */
struct gr_elf_options {
    const char *debug_root;
    struct gr_elf_limits limits;
};

/* Some bytes of a file, and the virtual address of the first. */
struct gr_elf_bytes {
    const uint8_t *at; /* null when there are none */
    size_t size;
    uint64_t address;
};

/* A string table whose last byte is zero, so that each offset below `size` is a string. */
struct gr_elf_strings {
    const char *at;
    size_t size;
};

/* One ELF file in memory, mapped or unpacked. All zero: not present. */
struct gr_elf_file {
    const uint8_t *bytes;
    size_t size;
    bool mapped; /* else malloc'd */
    Elf64_Ehdr header;
    uint64_t section_count;
    struct gr_elf_strings section_names;
};

/* One PT_LOAD header; its bytes are known to lie in the file. */
struct gr_elf_segment {
    uint64_t address;
    uint64_t offset;
    uint64_t size;
    bool executable;
};

/* The bytes that one FDE covers. */
struct gr_elf_range {
    uint64_t start;
    uint64_t size;
};

/* What PT_DYNAMIC says; addresses, 0 when absent. */
struct gr_elf_dynamic {
    uint64_t strings, strings_size, symbols, hash, gnu_hash, versions, definitions, definition_count, soname;
};

struct gr_elf_dwarf; /* elf_dwarf.c: a libdw session */
struct gr_elf_unit;

/* A question whose answer is kept. */
enum gr_elf_answer { GR_ELF_UNASKED, GR_ELF_YES, GR_ELF_NO };

struct gr_elf {
    struct gr_elf_file file;
    char *path;
    const char *debug_root; /* must outlive the view: a literal, but in tests */
    struct gr_elf_limits limits;
    struct gr_elf_segment segments[GR_ELF_SEGMENTS_MAX];
    size_t segment_count;
    struct gr_elf_dynamic dynamic;
    char build_id[2 * GR_ELF_BUILD_ID_MAX + 1];
    const char *soname;

    /* Each group is filled when it is first asked for. */
    bool debug_tried;
    struct gr_elf_file debug; /* the separate debug file */
    bool minidebug_tried;
    struct gr_elf_file minidebug;
    bool ranges_read;
    struct gr_elf_range *ranges;
    size_t range_count;
    bool functions_read;
    struct gr_elf_function *functions;
    size_t function_count;
    struct gr_texts texts; /* names that the file has only together with a version */
    bool dwarf_tried;
    struct gr_elf_dwarf *dwarf;
    bool units_read;
    struct gr_elf_unit *units; /* sorted by start */
    size_t unit_count;
    enum gr_elf_answer abi_image, abi_comment;
    bool abi_nowhere; /* known with abi_comment */
};

/* elf.c */
enum graft_status gr_elf_open_with(const char *path, const struct gr_elf_options *options, struct gr_elf **elf);
/* Bytes of any loaded segment from a virtual address to the segment's end in the file. */
struct gr_elf_bytes gr_elf_loaded(const struct gr_elf *elf, uint64_t address);
/* The same, of executable segments only. */
struct gr_elf_bytes gr_elf_executable(const struct gr_elf *elf, uint64_t address);

/* elf_file.c: `file` is all zero before it is read, and again after a failure or gr_elf_file_close. */
enum graft_status gr_elf_file_map(const char *path, size_t limit, struct gr_elf_file *file);
/* Takes over malloc'd bytes, also on failure. */
enum graft_status gr_elf_file_adopt(uint8_t *bytes, size_t size, struct gr_elf_file *file);
void gr_elf_file_close(struct gr_elf_file *file);
/* `size` bytes at a file offset; none when they do not all lie in the file. */
struct gr_elf_bytes gr_elf_file_bytes(const struct gr_elf_file *file, uint64_t offset, uint64_t size);
bool gr_elf_program_header(const struct gr_elf_file *file, size_t index, Elf64_Phdr *header);
bool gr_elf_section_header(const struct gr_elf_file *file, uint64_t index, Elf64_Shdr *header);
/* "" when the section has no readable name. */
const char *gr_elf_section_name(const struct gr_elf_file *file, const Elf64_Shdr *header);
/* The first section of this name that has bytes in the file; `header` may be null. */
bool gr_elf_section_named(
    const struct gr_elf_file *file, const char *name, Elf64_Shdr *header, struct gr_elf_bytes *bytes);
struct gr_elf_bytes gr_elf_section_bytes(const struct gr_elf_file *file, const Elf64_Shdr *header);
struct gr_elf_strings gr_elf_strings_of(struct gr_elf_bytes bytes);
/* Null when the offset is outside. */
const char *gr_elf_string(const struct gr_elf_strings *strings, uint64_t offset);
/* elf_note.c: the GNU build-id note as lower-case hexadecimal; "" when there is none. */
/* `text` has room for two digits a byte and the final zero. */
void gr_elf_write_hex(const uint8_t *bytes, size_t size, char *text);
void gr_elf_file_build_id(const struct gr_elf_file *file, char text[2 * GR_ELF_BUILD_ID_MAX + 1]);

/* elf_dynamic.c */
void gr_elf_dynamic_read(struct gr_elf *elf);
const char *gr_elf_dynamic_soname(const struct gr_elf *elf);
struct gr_elf_strings gr_elf_dynamic_strings(const struct gr_elf *elf);
/* The dynamic symbol table as the loader sees it; `versions` has one half-word for each symbol, or none. */
struct gr_elf_dynamic_symbols {
    struct gr_elf_bytes symbols;
    struct gr_elf_strings strings;
    struct gr_elf_bytes versions;
};
struct gr_elf_dynamic_symbols gr_elf_dynamic_symbols(const struct gr_elf *elf);
/* The same without counting the symbols: for those that gr_elf_hash_next names. */
struct gr_elf_dynamic_symbols gr_elf_dynamic_hashed(const struct gr_elf *elf);
/* A table of at most `size` bytes at a virtual address; none for address 0, which means "absent". */
struct gr_elf_bytes gr_elf_table_at(const struct gr_elf *elf, uint64_t address, uint64_t size);
/* elf_hash.c: how many dynamic symbols there are, and the next one behind `after` (0: the first) that may have this name;
 * 0 when there is none. */
uint64_t gr_elf_hash_count(const struct gr_elf *elf);
uint64_t gr_elf_hash_next(const struct gr_elf *elf, const char *name, uint64_t after);
/* Names of version definitions by index, for gr_elf_version_name. `*names` is malloc'd. GRAFT_NO_MEMORY. */
struct gr_elf_version_names;
enum graft_status gr_elf_version_names_read(const struct gr_elf *elf, struct gr_elf_version_names **names);
/* "" for local, global and unknown versions. */
const char *gr_elf_version_name(const struct gr_elf_version_names *names, Elf64_Versym version);

/* elf_cfi.c */
/* A place in some bytes. Reading past the end sets `bad` and gives 0, as all later reads do. */
struct gr_elf_reader {
    struct gr_elf_bytes bytes;
    size_t at;
    bool bad;
};
enum { GR_ELF_ENCODING_OMIT = 0xff };
/* The length that announces a 64-bit one. No producer for Linux writes it, and libgcc does not read it: such a record
 * is passed over. */
#define GR_ELF_WIDE UINT32_MAX
/* What FDEs need to know of their CIE. */
struct gr_elf_cie {
    uint64_t at;      /* its offset; UINT64_MAX: none read yet */
    uint8_t encoding; /* of the FDE's addresses; GR_ELF_ENCODING_OMIT: cannot be read */
    bool signal;      /* of a signal trampoline */
};
/* The next `size` bytes, at most 8, as a number. */
uint64_t gr_elf_read(struct gr_elf_reader *reader, size_t size);
/* The next address, in one of the DW_EH_PE_ encodings. */
uint64_t gr_elf_read_address(struct gr_elf_reader *reader, uint8_t encoding);
/* Reads the FDE in `record`, which begins after its length. `cie` is kept from one FDE to the next. False for a CIE, for
 * what cannot be read, and for signal trampolines: their FDE begins a byte early and covers no function. */
bool gr_elf_read_fde(
    struct gr_elf_bytes frames, struct gr_elf_reader *record, struct gr_elf_cie *cie, struct gr_elf_range *range);

/* elf_symbols.c: what is collected on the way to gr_elf_functions. */
struct gr_elf_list {
    struct gr_elf_function *items; /* malloc'd */
    size_t count;
    size_t capacity;
    size_t name_bytes;
    char *scratch; /* GR_ELF_SYMBOL_MAX + 1 bytes while collecting */
    bool cut;      /* a limit was met */
};
/* Every function symbol and every unwind range, which has the symbol ""; in any order, with duplicates.
 * `list->items` is the caller's. GRAFT_NO_MEMORY. */
enum graft_status gr_elf_collect(struct gr_elf *elf, struct gr_elf_list *list);
/* The file that has the view's static symbols: its own or, only when that has no such table, a debug file: finding one may
 * mean to check the sum of all its bytes. Null when there is none. */
const struct gr_elf_file *gr_elf_static_table(struct gr_elf *elf);
/* The symbols of .symtab and their names. False when there are none; `file` may be null. */
bool gr_elf_static_symbols(
    const struct gr_elf_file *file, struct gr_elf_bytes *symbols, struct gr_elf_strings *strings);

/* elf_unwind.c: sorted by start; empty ranges, and those of signal trampolines, are left out. GRAFT_NO_MEMORY. */
enum graft_status gr_elf_ranges(struct gr_elf *elf, const struct gr_elf_range **ranges, size_t *count);
/* .eh_frame by its section header, or else by the pointer in .eh_frame_hdr, and then to the end of the segment; with that
 * a record of length 0 is the last. */
struct gr_elf_bytes gr_elf_frames(const struct gr_elf *elf, bool *ends_at_zero);
/* elf_unwind_search.c: what gr_elf_unwind_range says, without reading all ranges where the file has a search table. */
bool gr_elf_unwind_at(struct gr_elf *elf, uint64_t address, uint64_t *start, uint64_t *size);

/* elf_debug.c, elf_minidebug.c: looked for once; null when there is none that fits. */
const struct gr_elf_file *gr_elf_debug_file(struct gr_elf *elf);
const struct gr_elf_file *gr_elf_minidebug(struct gr_elf *elf);
/* Maps the debug file of a build-id (lower-case hexadecimal) under `root`, if its own build-id is the same. */
enum graft_status gr_elf_debug_by_build_id(
    const char *root, const char *build_id, size_t limit, struct gr_elf_file *file);

/* elf_dwarf.c: the libdw session as its `Dwarf *`; null when there is no debug information that can be used. */
void *gr_elf_dwarf_session(struct gr_elf *elf);
void gr_elf_dwarf_close(struct gr_elf_dwarf *dwarf);

/* elf_units.c: a range of addresses that a compilation unit covers, and what made it. */
struct gr_elf_unit {
    uint64_t start;
    uint64_t size;
    uint64_t die;   /* offset of the unit's entry in .debug_info */
    bool keeps_abi; /* see elf_producer.c */
};
/* The unit that covers an address; null when there is none or no debug information. */
const struct gr_elf_unit *gr_elf_unit_at(struct gr_elf *elf, uint64_t address);

/* elf_producer.c: by the text of one DW_AT_producer, or of one string in .comment. */
bool gr_elf_producer_keeps_abi(const char *producer);

#endif
