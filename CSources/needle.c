/* needle.c: bytes that must occur in a mangled name for its demangled name to match.
 *
 * Demangling costs microseconds and an image has tens of thousands of names, so most are ruled out by a search for a
 * part of the target that every mangling leaves readable. C++ spells identifiers out. Swift spells out each *word* of
 * an identifier at least once ("priceOf" may be "price" and a reference to an earlier "Of"); the names of accessors,
 * initialisers and operators are coded, and non-ASCII ones too, so those give no needle. Neighbours: match.h. */
#include "match.h"
#include "swift_reader.h"

#include <ctype.h>
#include <string.h>

static bool identifier_byte(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

static bool upper(char c) {
    return isupper((unsigned char)c) != 0;
}

/* The longest run that Swift cannot split into words: no "_", no digit in front, no capital after a small letter. */
static void longest_word(const char *text, size_t size, struct gr_needle *needle) {
    for (size_t start = 0; start < size;) {
        size_t end = start;
        if (isalpha((unsigned char)text[start]))
            for (end++; end < size && isalnum((unsigned char)text[end]) && (!upper(text[end]) || upper(text[end - 1]));)
                end++;
        if (end - start > needle->size)
            *needle = (struct gr_needle){text + start, end - start};
        start = end > start ? end : start + 1;
    }
}

/* The longest run of identifier bytes, which is what C++ spells out. */
static void longest_identifier(const char *text, size_t size, struct gr_needle *needle) {
    for (size_t start = 0; start < size; start++) {
        size_t end = start;
        while (end < size && identifier_byte(text[end]))
            end++;
        if (end - start > needle->size)
            *needle = (struct gr_needle){text + start, end - start};
        start = end;
    }
}

/* Names that Swift writes as one or two letters. */
static const char *const coded_in_swift[] = {"init", "deinit", "__allocating_init", "__deallocating_deinit", "getter",
    "setter", "modify", "read", "modify2", "read2", "yielding_mutate", "yielding_borrow", "borrow", "mutate",
    "subscript", "willset", "didset", "unsafeAddressor", "unsafeMutableAddressor", "owningAddressor",
    "owningMutableAddressor", "nativeOwningAddressor", "nativeOwningMutableAddressor", "materializeForSet",
    "__ivar_destroyer", "__ivar_initializer", "__isolated_deallocating_deinit"};

/* Classes of namespace std that C++ writes as two letters. */
static const char *const coded_in_cxx[] = {
    "std", "allocator", "basic_string", "string", "basic_istream", "basic_ostream", "basic_iostream"};

/* Whether a literal part of the target could stand inside one of these names. */
static bool inside_one(const char *const *names, size_t count, const struct gr_needle *needle) {
    for (size_t i = 0; i < count && needle->size > 0; i++)
        if (memmem(names[i], strlen(names[i]), needle->text, needle->size) != NULL)
            return true;
    return false;
}

static bool ascii(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] >= 0x80 || text[i] == '`')
            return false;
    return true;
}

/* Where the last component of a path begins: after the last separator, and after the last star, since what stands
 * before a star may match a type, and types of the standard libraries have codes of their own. */
static size_t component_start(const char *path, size_t size, char separator) {
    size_t start = size;
    while (start > 0 && path[start - 1] != separator && path[start - 1] != '*')
        start--;
    return start;
}

static bool coded(const char *text, size_t size) {
    for (size_t i = 0; i < sizeof coded_in_swift / sizeof *coded_in_swift; i++)
        if (strlen(coded_in_swift[i]) == size && memcmp(coded_in_swift[i], text, size) == 0)
            return true;
    return false;
}

/* The last component, or the one before a coded one: "price", "total" of "total.getter", "Order" of "Order.init". */
static void swift_needle(struct gr_pattern *pattern) {
    const char *path = pattern->target->name;
    size_t end = pattern->swift_size, start = component_start(path, end, '.');
    bool last = true;
    while (coded(path + start, end - start) && start > 0 && path[start - 1] == '.') {
        end = start - 1;
        start = component_start(path, end, '.');
        last = false;
    }
    struct gr_needle found = {NULL, 0};
    if (ascii(path + start, end - start) && (last || !gr_swift_standard_name(path + start, end - start)))
        longest_word(path + start, end - start, &found);
    if (!inside_one(coded_in_swift, sizeof coded_in_swift / sizeof *coded_in_swift, &found))
        pattern->swift_needle = found;
}

/* The standard library's and C's modules have codes; a dotted qualifier leaves open which part is the module. */
void gr_pattern_module_needle(struct gr_pattern *pattern) {
    static const char *const coded[] = {"Swift", "__C", "__C_Synthesized", "_Concurrency"};
    const char *module = pattern->target->qualifier;
    size_t size = strlen(module);
    pattern->module_needle = (struct gr_needle){NULL, 0};
    for (size_t i = 0; i < sizeof coded / sizeof *coded; i++)
        if (strcmp(module, coded[i]) == 0)
            return;
    if (pattern->target->kind == GR_TARGET_WORD && strchr(module, '.') == NULL && ascii(module, size))
        longest_word(module, size, &pattern->module_needle);
}

/* Operators have codes, lambdas no name, and template arguments may hold anything. */
static void cxx_needle(struct gr_pattern *pattern) {
    const char *path = pattern->cxx.path;
    size_t size = strlen(path), start = component_start(path, size, ':');
    struct gr_needle found = {NULL, 0};
    if (!pattern->cxx_readable || strpbrk(path + start, "{}'#<>[]()") != NULL || strstr(path, "operator") != NULL)
        return;
    longest_identifier(path + start, size - start, &found);
    if (!inside_one(coded_in_cxx, sizeof coded_in_cxx / sizeof *coded_in_cxx, &found))
        pattern->cxx_needle = found;
}

void gr_pattern_needles(struct gr_pattern *pattern) {
    swift_needle(pattern);
    cxx_needle(pattern);
}

static bool occurs(const struct gr_needle *needle, const struct gr_symbol *symbol) {
    return needle->size == 0 || memmem(symbol->text, symbol->base, needle->text, needle->size) != NULL;
}

bool gr_pattern_could_match(const struct gr_pattern *pattern, const struct gr_symbol *symbol, bool named) {
    if (symbol->cold || symbol->part)
        return false;
    switch (symbol->language) {
    case GR_LANGUAGE_SWIFT:
        return pattern->swift_readable && occurs(&pattern->swift_needle, symbol) &&
               (!named || occurs(&pattern->module_needle, symbol));
    case GR_LANGUAGE_CXX:
        /* _ZT and _ZG are tables, thunks and guards, whose text ends like that of the function they serve */
        return pattern->cxx_readable && symbol->text[2] != 'T' && symbol->text[2] != 'G' &&
               occurs(&pattern->cxx_needle, symbol);
    case GR_LANGUAGE_C:
        break;
    }
    return false;
}
