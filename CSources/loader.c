/* loader.c: copies the dynamic loader's list of images.
 *
 * dl_iterate_phdr holds the loader's lock while it calls back, so the callback only moves bytes into memory that was
 * reserved before; when that was too little, it measures, and the copy is tried again. Neighbours: loader.h. */
#include "loader.h"

#include "log.h"
#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

enum {
    TRIES_MAX = 16, /* each needs a dlopen between measuring and copying */
    SLACK_IMAGES = 8,
    SLACK_NAMES = 1024,
};

/* Filled by the callback. */
struct copy {
    struct gr_loader_list list;
    size_t image_capacity, name_capacity;
    size_t seen, names_size; /* also of what did not fit */
    uint64_t vdso;
};

/* Whether the address is in one of the image's segments, and so can be read. */
static bool contains(const struct dl_phdr_info *info, uint64_t address) {
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type == PT_LOAD && address - info->dlpi_addr - header->p_vaddr < header->p_memsz)
            return true;
    }
    return false;
}

static void read_code_range(const struct dl_phdr_info *info, struct gr_loader_image *image) {
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_LOAD || (header->p_flags & PF_X) == 0)
            continue;
        uint64_t start = info->dlpi_addr + header->p_vaddr, end = start + header->p_memsz;
        if (image->code_end == 0 || start < image->code_start)
            image->code_start = start;
        if (end > image->code_end)
            image->code_end = end;
    }
}

static uint64_t aligned(uint64_t size, uint64_t alignment) {
    return (size + alignment - 1) & ~(alignment - 1);
}

/* Looks for the build-id in one note segment, and trusts no size in it. */
static bool read_note(const uint8_t *note, uint64_t size, uint64_t alignment, char *build_id) {
    static const char digits[] = "0123456789abcdef";
    ElfW(Nhdr) header;
    while (size >= sizeof header) {
        memcpy(&header, note, sizeof header);
        uint64_t name = sizeof header, bytes = aligned(name + header.n_namesz, alignment);
        uint64_t next = aligned(bytes + header.n_descsz, alignment);
        if (bytes > size || header.n_descsz > size - bytes)
            return false;
        if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && memcmp(note + name, "GNU", 4) == 0 &&
            header.n_descsz <= GR_BUILD_ID_MAX) {
            for (uint32_t i = 0; i < header.n_descsz; i++) {
                *build_id++ = digits[note[bytes + i] >> 4];
                *build_id++ = digits[note[bytes + i] & 15];
            }
            *build_id = 0;
            return true;
        }
        if (next > size)
            return false;
        note += next;
        size -= next;
    }
    return false;
}

static void read_build_id(const struct dl_phdr_info *info, struct gr_loader_image *image) {
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        uint64_t address = info->dlpi_addr + header->p_vaddr;
        if (header->p_type != PT_NOTE || header->p_memsz == 0 || !contains(info, address) ||
            !contains(info, address + header->p_memsz - 1))
            continue;
        if (read_note(
                (const uint8_t *)(uintptr_t)address, header->p_memsz, header->p_align == 8 ? 8 : 4, image->build_id))
            return;
    }
}

/* DT_SONAME as the loader mapped it: no file is needed to know an image by its soname. The loader turns addresses in
 * the dynamic section into run-time ones, at a time of its own choosing. */
static const char *soname_of(const struct dl_phdr_info *info) {
    const ElfW(Dyn) *entry = NULL;
    uint64_t strings = 0, strings_size = 0, soname = 0, left = 0;
    for (size_t i = 0; i < info->dlpi_phnum && entry == NULL; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        uint64_t address = info->dlpi_addr + header->p_vaddr;
        if (header->p_type != PT_DYNAMIC || !contains(info, address) || !contains(info, address + header->p_memsz - 1))
            continue;
        entry = (const ElfW(Dyn) *)(uintptr_t)address;
        left = header->p_memsz / sizeof *entry;
    }
    for (; entry != NULL && left > 0 && entry->d_tag != DT_NULL; entry++, left--) {
        if (entry->d_tag == DT_STRTAB)
            strings = entry->d_un.d_ptr;
        else if (entry->d_tag == DT_STRSZ)
            strings_size = entry->d_un.d_val;
        else if (entry->d_tag == DT_SONAME)
            soname = entry->d_un.d_val;
    }
    if (strings < info->dlpi_addr)
        strings += info->dlpi_addr;
    if (soname == 0 || soname >= strings_size || !contains(info, strings) ||
        !contains(info, strings + strings_size - 1))
        return "";
    const char *text = (const char *)(uintptr_t)(strings + soname);
    return memchr(text, 0, strings_size - soname) == NULL ? "" : text;
}

/* Keeps a copy of a string, if there is room; counts it in any case. */
static const char *keep(struct copy *copy, const char *text) {
    size_t size = strlen(text) + 1, at = copy->names_size;
    copy->names_size += size;
    return copy->names_size > copy->name_capacity ? NULL : memcpy(copy->list.names + at, text, size);
}

/* The loader's lock is held: no allocation, no log. */
static int copy_one(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    struct copy *copy = context;
    copy->list.adds = info->dlpi_adds;
    copy->list.subs = info->dlpi_subs;
    if (copy->vdso != 0 && contains(info, copy->vdso))
        return 0;
    const char *name = keep(copy, info->dlpi_name == NULL ? "" : info->dlpi_name);
    const char *soname = keep(copy, soname_of(info));
    copy->seen++;
    if (name == NULL || soname == NULL || copy->list.count == copy->image_capacity)
        return 0;
    struct gr_loader_image *image = &copy->list.images[copy->list.count++];
    *image = (struct gr_loader_image){.bias = info->dlpi_addr, .name = name, .soname = soname};
    read_code_range(info, image);
    read_build_id(info, image);
    return 0;
}

static int copy_counters(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    uint64_t *counters = context;
    counters[0] = info->dlpi_adds;
    counters[1] = info->dlpi_subs;
    return 1;
}

void gr_loader_counters(uint64_t *adds, uint64_t *subs) {
    uint64_t counters[2] = {0, 0};
    (void)dl_iterate_phdr(copy_counters, counters);
    *adds = counters[0];
    *subs = counters[1];
}

/* Reserves what the last try would have needed, and a little more. */
static enum graft_status reserve(struct copy *copy) {
    size_t images = copy->seen + SLACK_IMAGES, names = copy->names_size + SLACK_NAMES;
    gr_loader_release(&copy->list);
    copy->list.images = calloc(images, sizeof *copy->list.images);
    copy->list.names = malloc(names);
    copy->image_capacity = images;
    copy->name_capacity = names;
    copy->seen = copy->names_size = 0;
    return copy->list.images == NULL || copy->list.names == NULL ? GRAFT_NO_MEMORY : GRAFT_OK;
}

enum graft_status gr_loader_copy(struct gr_loader_list *list) {
    struct copy copy = {.vdso = getauxval(AT_SYSINFO_EHDR)};
    enum graft_status status = GRAFT_OS;
    for (int i = 0; i < TRIES_MAX; i++) {
        enum graft_status reserved = reserve(&copy);
        if (reserved != GRAFT_OK) {
            status = reserved;
            break;
        }
        (void)dl_iterate_phdr(copy_one, &copy);
        if (copy.list.count == copy.seen) {
            *list = copy.list;
            return GRAFT_OK;
        }
    }
    gr_loader_release(&copy.list);
    gr_log("images: the loader's list could not be copied: %s", graft_status_slug(status));
    return status;
}

void gr_loader_release(struct gr_loader_list *list) {
    free(list->images);
    free(list->names);
    *list = (struct gr_loader_list){0};
}
