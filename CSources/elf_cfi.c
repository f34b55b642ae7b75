/* elf_cfi.c: reads one record of .eh_frame: which bytes an FDE covers, by the encoding that its CIE names.
 *
 * Each record is read in bounded time, whatever it says. How to unwind is not looked at: libunwind does that.
 * Neighbour: elf_unwind, which walks the records. */
#include "elf_internal.h"
#include <string.h>

enum {
    AUGMENTATION_MAX = 15, /* characters; compilers use at most five */
    LEB_MAX = 10,          /* bytes of a 64-bit LEB128 number */
    ENCODING_RELATIVE_TO_FIELD = 0x10,
    ENCODING_FORMAT = 0x0f,
    ENCODING_APPLICATION = 0xf0,
};

uint64_t gr_elf_read(struct gr_elf_reader *reader, size_t size) {
    uint64_t value = 0;
    if (reader->bad || size > reader->bytes.size - reader->at) {
        reader->bad = true;
        return 0;
    }
    memcpy(&value, reader->bytes.at + reader->at, size);
    reader->at += size;
    return value;
}

static uint64_t read_signed(struct gr_elf_reader *reader, size_t size) {
    uint64_t value = gr_elf_read(reader, size);
    uint64_t sign = (uint64_t)1 << (8 * size - 1);
    return (value ^ sign) - sign;
}

/* Signed and unsigned ones are skipped alike, and no address is encoded so. */
static void skip_leb(struct gr_elf_reader *reader) {
    for (int i = 0; i < LEB_MAX; i++)
        if ((gr_elf_read(reader, 1) & 0x80) == 0)
            return;
    reader->bad = true;
}

/* The stored value, before what it is relative to is added. */
static uint64_t read_stored(struct gr_elf_reader *reader, uint8_t encoding) {
    switch (encoding & ENCODING_FORMAT) {
    case 0x00: /* an address */
    case 0x04:
    case 0x0c:
        return gr_elf_read(reader, 8);
    case 0x02:
        return gr_elf_read(reader, 2);
    case 0x03:
        return gr_elf_read(reader, 4);
    case 0x0a:
        return read_signed(reader, 2);
    case 0x0b:
        return read_signed(reader, 4);
    default:
        reader->bad = true;
        return 0;
    }
}

/* Absolute addresses and those relative to their own place are what compilers emit for Linux. */
uint64_t gr_elf_read_address(struct gr_elf_reader *reader, uint8_t encoding) {
    uint64_t place = reader->bytes.address + reader->at;
    uint64_t value = read_stored(reader, encoding);
    switch (encoding & ENCODING_APPLICATION) {
    case 0:
        return value;
    case ENCODING_RELATIVE_TO_FIELD:
        return place + value;
    default:
        reader->bad = true;
        return 0;
    }
}

/* The data that the letters of an augmentation stand for, as far as FDEs depend on them. */
static void read_augmentation(struct gr_elf_reader *reader, const char *letters, struct gr_elf_cie *cie) {
    uint8_t encoding = 0;
    skip_leb(reader); /* length of the data */
    for (; *letters != 0; letters++) {
        switch (*letters) {
        case 'R':
            encoding = (uint8_t)gr_elf_read(reader, 1);
            break;
        case 'P': /* personality: an encoding and an address, which may be indirect: only its size matters */
            read_stored(reader, (uint8_t)gr_elf_read(reader, 1));
            break;
        case 'L':
            gr_elf_read(reader, 1);
            break;
        case 'S':
            cie->signal = true;
            break;
        case 'B': /* aarch64: return addresses are signed with key B */
        case 'G': /* aarch64: the frame's memory is tagged */
            break;
        default:
            reader->bad = true;
        }
    }
    if (!reader->bad)
        cie->encoding = encoding;
}

/* Reads the CIE at an offset of .eh_frame. Its encoding stays GR_ELF_ENCODING_OMIT when it is none, or one of a kind that no
 * compiler has emitted for 64-bit machines. */
static void read_cie(struct gr_elf_bytes frames, uint64_t at, struct gr_elf_cie *cie) {
    *cie = (struct gr_elf_cie){.at = at, .encoding = GR_ELF_ENCODING_OMIT};
    struct gr_elf_reader reader = {.bytes = frames, .at = at};
    uint64_t length = gr_elf_read(&reader, 4);
    uint64_t id = gr_elf_read(&reader, 4);
    uint64_t version = gr_elf_read(&reader, 1);
    if (reader.bad || length == GR_ELF_WIDE || id != 0 || (version != 1 && version != 3))
        return;
    char letters[AUGMENTATION_MAX + 1] = {0};
    for (size_t i = 0; (letters[i] = (char)gr_elf_read(&reader, 1)) != 0; i++)
        if (i == AUGMENTATION_MAX)
            return;
    skip_leb(&reader); /* code alignment */
    skip_leb(&reader); /* data alignment */
    if (version == 1)
        gr_elf_read(&reader, 1); /* return address register */
    else
        skip_leb(&reader);
    if (letters[0] == 'z')
        read_augmentation(&reader, letters + 1, cie);
    else if (letters[0] == 0 && !reader.bad)
        cie->encoding = 0;
}

/* The CIE of the FDE whose pointer to it stands at `pointer`; kept when it is the same as that of the one before. */
static void find_cie(struct gr_elf_bytes frames, size_t pointer, uint64_t distance, struct gr_elf_cie *cie) {
    if (distance > pointer)
        *cie = (struct gr_elf_cie){.at = UINT64_MAX, .encoding = GR_ELF_ENCODING_OMIT};
    else if (cie->at != pointer - distance)
        read_cie(frames, pointer - distance, cie);
}

bool gr_elf_read_fde(
    struct gr_elf_bytes frames, struct gr_elf_reader *record, struct gr_elf_cie *cie, struct gr_elf_range *range) {
    size_t pointer = record->at;
    uint64_t distance = gr_elf_read(record, 4);
    if (record->bad || distance == 0)
        return false;
    find_cie(frames, pointer, distance, cie);
    if (cie->encoding == GR_ELF_ENCODING_OMIT || cie->signal)
        return false;
    range->start = gr_elf_read_address(record, cie->encoding);
    range->size = read_stored(record, cie->encoding & ENCODING_FORMAT);
    return !record->bad;
}
