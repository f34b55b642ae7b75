/* resume.c: finds the unwinder's way on.
 *
 * A process may have several unwinders (libgcc_s, libunwind, one linked into a program), and an exception must go on
 * with the one that raised it: the one whose code called our personality routine. One that was linked into a program
 * exports nothing; libgcc's many copies understand each other's exceptions, so libgcc_s goes on for it.
 *
 * Nothing is remembered of an unwinder's image: its symbol table is searched each time, which costs less than a step of
 * the unwinder and stays right when the image is unloaded and another one takes its place. That the image is in use
 * right now keeps it loaded meanwhile. Nor is dlsym asked: it waits for a dlopen that is under way, whose constructors
 * may be waiting for the thread that throws. */
#include "resume.h"
#include "compiler.h"
#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

static const char sought[] = "_Unwind_Resume";

/* An image as it is loaded. */
struct image {
    uint64_t base;
    const ElfW(Dyn) * dynamic;
};

#ifdef DLFO_EH_SEGMENT_TYPE
/* Of glibc >= 2.35, and takes no lock; weak, so that an older one means "ask the list". */
int _dl_find_object(void *address, struct dl_find_object *found) GR_WEAK;

static bool find_without_lock(const void *code, struct image *image) {
    struct dl_find_object found;
    if (_dl_find_object == NULL || _dl_find_object((void *)(uintptr_t)code, &found) != 0)
        return false;
    *image = (struct image){found.dlfo_link_map->l_addr, found.dlfo_link_map->l_ld};
    return true;
}
#else
static bool find_without_lock(const void *code, struct image *image) {
    (void)code, (void)image;
    return false;
}
#endif

struct search {
    uint64_t code;
    struct image image;
};

static int look_at(struct dl_phdr_info *info, size_t size, void *context) {
    struct search *search = context;
    struct image image = {info->dlpi_addr, NULL};
    bool contains = false;
    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type == PT_LOAD && search->code - info->dlpi_addr - header->p_vaddr < header->p_memsz)
            contains = true;
        if (header->p_type == PT_DYNAMIC)
            image.dynamic = (const ElfW(Dyn) *)(uintptr_t)(info->dlpi_addr + header->p_vaddr);
    }
    if (contains)
        search->image = image;
    return contains;
}

/* Takes the lock of the loader's list, as unwinders then have to, too; no constructor runs under that one. */
static bool find_in_list(const void *code, struct image *image) {
    struct search search = {(uint64_t)(uintptr_t)code, {0, NULL}};
    if (dl_iterate_phdr(look_at, &search) == 0)
        return false;
    *image = search.image;
    return true;
}

/* What an image exports: its tables in memory; null where it has none. */
struct exports {
    const ElfW(Sym) * symbols;
    const char *names;
    const uint32_t *gnu_hash, *sysv_hash;
};

/* An address in the dynamic section: some loaders have added the base already. */
static const void *table_at(const struct image *image, uint64_t address) {
    return (const void *)(uintptr_t)(address < image->base ? image->base + address : address);
}

static struct exports exports_of(const struct image *image) {
    struct exports exports = {NULL, NULL, NULL, NULL};
    for (const ElfW(Dyn) *entry = image->dynamic; entry != NULL && entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_SYMTAB)
            exports.symbols = table_at(image, entry->d_un.d_ptr);
        else if (entry->d_tag == DT_STRTAB)
            exports.names = table_at(image, entry->d_un.d_ptr);
        else if (entry->d_tag == DT_GNU_HASH)
            exports.gnu_hash = table_at(image, entry->d_un.d_ptr);
        else if (entry->d_tag == DT_HASH)
            exports.sysv_hash = table_at(image, entry->d_un.d_ptr);
    }
    return exports;
}

/* Where the symbol lies in the image, if it is the one that is sought; otherwise 0. */
static uint64_t value_of(const struct exports *exports, const ElfW(Sym) * symbol) {
    bool is = symbol->st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol->st_info) == STT_FUNC &&
              strcmp(exports->names + symbol->st_name, sought) == 0;
    return is ? symbol->st_value : 0;
}

/* Header: number of buckets, first symbol, words of the filter, a shift. Then the filter, the buckets, and for each
 * symbol its hash, whose lowest bit ends a bucket. */
static uint64_t by_gnu_hash(const struct exports *exports) {
    const uint32_t *header = exports->gnu_hash;
    const uint32_t *buckets = header + 4 + header[2] * (sizeof(ElfW(Addr)) / sizeof *header);
    const uint32_t *hashes = buckets + header[0] - header[1];
    uint32_t hash = 5381;
    for (const char *letter = sought; *letter != '\0'; letter++)
        hash = hash * 33 + (unsigned char)*letter;
    uint32_t index = header[0] != 0 ? buckets[hash % header[0]] : 0;
    if (index < header[1])
        return 0;
    for (;; index++) {
        uint64_t value = (hashes[index] | 1) == (hash | 1) ? value_of(exports, &exports->symbols[index]) : 0;
        if (value != 0 || (hashes[index] & 1) != 0)
            return value;
    }
}

/* Header: number of buckets, number of symbols. Rare, so each symbol is looked at. */
static uint64_t by_sysv_hash(const struct exports *exports) {
    uint64_t value = 0;
    for (uint32_t index = 1; value == 0 && index < exports->sysv_hash[1]; index++)
        value = value_of(exports, &exports->symbols[index]);
    return value;
}

static uint64_t resume_in(const struct image *image) {
    struct exports exports = exports_of(image);
    uint64_t value = 0;
    if (exports.symbols == NULL || exports.names == NULL)
        return 0;
    if (exports.gnu_hash != NULL)
        value = by_gnu_hash(&exports);
    else if (exports.sysv_hash != NULL)
        value = by_sysv_hash(&exports);
    return value != 0 ? image->base + value : 0;
}

/* libgcc_s is opened once and never closed, so what was found of it stays right; two threads find the same. */
static uint64_t resume_in_libgcc(void) {
    static _Atomic uint64_t known;
    uint64_t resume = atomic_load_explicit(&known, memory_order_relaxed);
    if (resume != 0)
        return resume;
    void *library = dlopen("libgcc_s.so.1", RTLD_LAZY);
    resume = library != NULL ? (uint64_t)(uintptr_t)dlsym(library, sought) : 0;
    atomic_store_explicit(&known, resume, memory_order_relaxed);
    return resume;
}

uint64_t gr_resume_of(const void *code) {
    struct image image;
    uint64_t resume = find_without_lock(code, &image) || find_in_list(code, &image) ? resume_in(&image) : 0;
    return resume != 0 ? resume : resume_in_libgcc();
}
