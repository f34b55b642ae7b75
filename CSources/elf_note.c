/* elf_note.c: the build-id of an ELF file.
 *
 * Looks through the note segments first, as the loader and the kernel do, and then through the note sections: a
 * separate debug file keeps its sections, but not always its segments. Neighbour: elf_file. */
#include "elf_internal.h"
#include <string.h>

static uint64_t round_up(uint64_t value, uint64_t alignment) {
    return (value + alignment - 1) & ~(alignment - 1);
}

void gr_elf_write_hex(const uint8_t *bytes, size_t size, char *text) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * size] = 0;
}

/* The search through the notes of a file, which ends when it has found the build-id or read GR_ELF_NOTES_MAX bytes. */
struct search {
    char *text;
    uint64_t left;
};

/* Sizes of a note are 32-bit, so sums of them fit 64 bits. */
static bool find_in(struct search *search, struct gr_elf_bytes notes, uint64_t alignment) {
    alignment = alignment == 8 ? 8 : 4;
    uint64_t at = 0, end = notes.size < search->left ? notes.size : search->left;
    while (at + sizeof(Elf64_Nhdr) <= end) {
        Elf64_Nhdr note;
        memcpy(&note, notes.at + at, sizeof note);
        uint64_t name = at + sizeof note;
        uint64_t description = round_up(name + note.n_namesz, alignment);
        if (description + note.n_descsz > end)
            break;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof "GNU" && note.n_descsz > 0 &&
            note.n_descsz <= GR_ELF_BUILD_ID_MAX && memcmp(notes.at + name, "GNU", sizeof "GNU") == 0) {
            gr_elf_write_hex(notes.at + description, note.n_descsz, search->text);
            return true;
        }
        at = round_up(description + note.n_descsz, alignment);
    }
    search->left -= end;
    return false;
}

void gr_elf_file_build_id(const struct gr_elf_file *file, char text[2 * GR_ELF_BUILD_ID_MAX + 1]) {
    struct search search = {.text = text, .left = GR_ELF_NOTES_MAX};
    Elf64_Phdr segment;
    text[0] = 0;
    for (size_t i = 0; gr_elf_program_header(file, i, &segment); i++) {
        if (segment.p_type == PT_NOTE &&
            find_in(&search, gr_elf_file_bytes(file, segment.p_offset, segment.p_filesz), segment.p_align))
            return;
    }
    Elf64_Shdr section;
    for (uint64_t i = 1; gr_elf_section_header(file, i, &section); i++) {
        if (section.sh_type == SHT_NOTE && find_in(&search, gr_elf_section_bytes(file, &section), section.sh_addralign))
            return;
    }
}
