/* elf_hash.c: the hash tables of the dynamic symbols: how many symbols there are, which stands nowhere else, and which of
 * them may have a name.
 *
 * In a GNU hash table the symbols of a bucket are neighbours: a chain of one word for each, its hash with the lowest bit
 * set in the last. Every number in a table may be wrong; what it leads to outside is not there. Where there is only a
 * table of the old kind, each symbol may have the name. Neighbours: elf_dynamic. */
#include "elf_internal.h"
#include <string.h>

/* The word at an index, as the tables of a hash have them; 0 past the end. */
static uint32_t word_at(struct gr_elf_bytes table, uint64_t index) {
    uint32_t word = 0;
    if (index < table.size / sizeof word)
        memcpy(&word, table.at + index * sizeof word, sizeof word);
    return word;
}

/* Where the parts of a GNU hash table are, in words. */
struct parts {
    struct gr_elf_bytes table;
    uint64_t words, bucket_count, first_symbol, buckets, chains;
};

static struct parts parts_of(struct gr_elf_bytes table) {
    enum { HEADER_WORDS = 4, BLOOM_WORDS = sizeof(uint64_t) / sizeof(uint32_t) };
    struct parts parts = {.table = table, .words = table.size / sizeof(uint32_t)};
    parts.bucket_count = word_at(table, 0);
    parts.first_symbol = word_at(table, 1);
    parts.buckets = HEADER_WORDS + BLOOM_WORDS * (uint64_t)word_at(table, 2);
    parts.chains = parts.buckets + parts.bucket_count;
    return parts;
}

/* The longest reach is the end of the chain that begins last. */
static uint64_t count_by_gnu_hash(const struct parts *parts) {
    uint64_t last = 0;
    for (uint64_t i = parts->buckets; i < parts->chains && i < parts->words; i++) {
        uint64_t symbol = word_at(parts->table, i);
        last = symbol > last ? symbol : last;
    }
    if (last < parts->first_symbol)
        return parts->first_symbol; /* no symbol is hashed */
    uint64_t at = parts->chains + (last - parts->first_symbol);
    while (at < parts->words && (word_at(parts->table, at) & 1) == 0)
        at++;
    return parts->first_symbol + (at - parts->chains) + 1;
}

static struct gr_elf_bytes gnu_table(const struct gr_elf *elf) {
    return gr_elf_table_at(elf, elf->dynamic.gnu_hash, UINT64_MAX);
}

uint64_t gr_elf_hash_count(const struct gr_elf *elf) {
    struct gr_elf_bytes table = gnu_table(elf);
    if (table.at != NULL) {
        const struct parts parts = parts_of(table);
        return count_by_gnu_hash(&parts);
    }
    return word_at(gr_elf_table_at(elf, elf->dynamic.hash, UINT64_MAX), 1);
}

static uint32_t hash_of(const char *name) {
    uint32_t hash = 5381; /* the format's own */
    for (const unsigned char *at = (const unsigned char *)name; *at != 0; at++)
        hash = hash * 33 + *at;
    return hash;
}

/* The first symbol of the chain from `symbol` on that has the hash, or 0. */
static uint64_t next_in_chain(const struct parts *parts, uint64_t symbol, uint32_t hash) {
    for (uint64_t at = parts->chains + (symbol - parts->first_symbol); at < parts->words; at++, symbol++) {
        uint32_t word = word_at(parts->table, at);
        if ((word | 1) == (hash | 1))
            return symbol;
        if ((word & 1) != 0)
            break;
    }
    return 0;
}

uint64_t gr_elf_hash_next(const struct gr_elf *elf, const char *name, uint64_t after) {
    struct gr_elf_bytes table = gnu_table(elf);
    if (table.at == NULL)
        return after + 1 < gr_elf_hash_count(elf) ? after + 1 : 0;
    const struct parts parts = parts_of(table);
    uint32_t hash = hash_of(name);
    if (after != 0) { /* the symbol behind it, unless the chain ends there */
        bool last = (word_at(table, parts.chains + (after - parts.first_symbol)) & 1) != 0;
        return last ? 0 : next_in_chain(&parts, after + 1, hash);
    }
    uint64_t symbol = parts.bucket_count != 0 ? word_at(table, parts.buckets + hash % parts.bucket_count) : 0;
    return symbol != 0 && symbol >= parts.first_symbol ? next_in_chain(&parts, symbol, hash) : 0;
}
