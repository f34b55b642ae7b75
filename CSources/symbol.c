/* symbol.c: reads a linker name: its language, and the suffixes that compilers append.
 *
 * GCC and LLVM mark what they made of a function by ".word" or ".word.number", in chains. A chain counts only when
 * every link is known: "counter.1" is a function of its own (GCC numbers nested ones). Neighbours: match.h. */
#include "match.h"

#include <ctype.h>
#include <string.h>

enum suffix_kind { SUFFIX_NONE, SUFFIX_CLONE, SUFFIX_PART, SUFFIX_COLD };

struct suffix {
    const char *word;
    enum suffix_kind kind;
};

/* A word that ends in "*" stands for all that begin so. */
static const struct suffix suffixes[] = {
    {"constprop", SUFFIX_CLONE},  /* GCC: arguments known to be constant */
    {"isra", SUFFIX_CLONE},       /* GCC: arguments split or dropped */
    {"part", SUFFIX_CLONE},       /* GCC: the rest of a function whose head was inlined */
    {"lto_priv", SUFFIX_CLONE},   /* GCC: renamed by link-time optimisation */
    {"localalias", SUFFIX_CLONE}, /* GCC: the same code, not interposable */
    {"default", SUFFIX_CLONE},    /* both: versions for different processors */
    {"arch_*", SUFFIX_CLONE},
    {"avx*", SUFFIX_CLONE},
    {"sse*", SUFFIX_CLONE},
    {"llvm", SUFFIX_CLONE},        /* LLVM: promoted or split by ThinLTO */
    {"__uniq", SUFFIX_CLONE},      /* LLVM: -funique-internal-linkage-names */
    {"specialized", SUFFIX_CLONE}, /* LLVM: constants propagated */
    {"argprom", SUFFIX_CLONE},
    {"argelim", SUFFIX_CLONE},
    {"retelim", SUFFIX_CLONE},
    {"resume", SUFFIX_PART}, /* LLVM: coroutines, and Swift's modify accessors */
    {"destroy", SUFFIX_PART},
    {"cleanup", SUFFIX_PART},
    {"actor", SUFFIX_PART},    /* GCC: coroutines */
    {"resolver", SUFFIX_PART}, /* both: chooses the version */
    {"cold", SUFFIX_COLD},
};

static bool word_is(const char *word, const char *text, size_t size) {
    size_t length = strlen(word);
    if (word[length - 1] == '*')
        return size >= length - 1 && strncmp(word, text, length - 1) == 0;
    return size == length && strncmp(word, text, size) == 0;
}

static enum suffix_kind kind_of(const char *text, size_t size) {
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (word_is(suffixes[i].word, text, size))
            return suffixes[i].kind;
    return SUFFIX_NONE;
}

/* Reads ".word.number.word..." to the end; false when a link is unknown. */
static bool read_chain(const char *at, const char *end, struct gr_symbol *symbol) {
    bool clone = false, part = false, cold = false;
    while (at < end) {
        size_t size = strcspn(++at, ".@");
        enum suffix_kind kind = kind_of(at, size);
        if (kind == SUFFIX_NONE)
            return false;
        clone |= kind == SUFFIX_CLONE;
        part |= kind == SUFFIX_PART;
        cold |= kind == SUFFIX_COLD;
        for (at += size; at + 1 < end && *at == '.' && isdigit((unsigned char)at[1]);)
            at += 1 + strspn(at + 1, "0123456789");
    }
    symbol->clone = clone;
    symbol->part = part;
    symbol->cold = cold;
    return true;
}

static enum gr_language language_of(const char *text) {
    static const char *const swift[] = {"$s", "$S", "$e", "_$s", "_$S", "_T0"};
    for (size_t i = 0; i < sizeof swift / sizeof *swift; i++)
        if (strncmp(text, swift[i], strlen(swift[i])) == 0)
            return GR_LANGUAGE_SWIFT;
    return strncmp(text, "_Z", 2) == 0 ? GR_LANGUAGE_CXX : GR_LANGUAGE_C;
}

void gr_symbol_read(const char *text, struct gr_symbol *symbol) {
    size_t size = strcspn(text, "@");
    *symbol = (struct gr_symbol){.text = text, .size = size, .base = size, .language = language_of(text)};
    const char *end = text + size;
    for (const char *dot = memchr(text, '.', size); dot != NULL; dot = memchr(dot + 1, '.', (size_t)(end - dot - 1))) {
        if (dot > text && read_chain(dot, end, symbol)) {
            symbol->base = (size_t)(dot - text);
            return;
        }
    }
}
