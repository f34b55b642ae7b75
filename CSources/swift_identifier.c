/* swift_identifier.c: the lexical half of reading Swift mangled names: numbers, identifiers, operators, the stack.
 *
 * An identifier may be made of words that stood in the name before: "05priceB0" is "price" and the second word. What is
 * a word is fixed by the mangling. Neighbours: swift_reader.h. */
#include "swift_reader.h"

#include <ctype.h>
#include <string.h>

char gr_swift_next(struct gr_swift_reader *reader) {
    return reader->at < reader->end ? *reader->at++ : 0;
}

bool gr_swift_next_is(struct gr_swift_reader *reader, char byte) {
    if (reader->at == reader->end || *reader->at != byte)
        return false;
    reader->at++;
    return true;
}

static bool digit_next(const struct gr_swift_reader *reader) {
    return reader->at < reader->end && isdigit((unsigned char)*reader->at);
}

bool gr_swift_natural(struct gr_swift_reader *reader, size_t *number) {
    size_t value = 0;
    if (!digit_next(reader))
        return false;
    while (digit_next(reader)) {
        value = 10 * value + (size_t)(*reader->at++ - '0');
        if (value > UINT16_MAX)
            return false;
    }
    *number = value;
    return true;
}

bool gr_swift_index(struct gr_swift_reader *reader, size_t *index) {
    size_t number = 0;
    bool more = digit_next(reader) && gr_swift_natural(reader, &number);
    if (!gr_swift_next_is(reader, '_'))
        return false;
    *index = more ? number + 1 : 0;
    return true;
}

static bool append(struct gr_swift_reader *reader, const char *text, size_t size) {
    if (size >= sizeof reader->text - reader->text_size)
        return false;
    memcpy(reader->text + reader->text_size, text, size);
    reader->text_size += size;
    return true;
}

const char *gr_swift_join(struct gr_swift_reader *reader, const char *const *parts, size_t *size) {
    const char *start = reader->text + reader->text_size;
    for (; *parts != NULL; parts++)
        if (!append(reader, *parts, strlen(*parts)))
            return NULL;
    *size = (size_t)(reader->text + reader->text_size - start);
    reader->text[reader->text_size++] = 0; /* append leaves room for it */
    return start;
}

bool gr_swift_push(struct gr_swift_reader *reader, struct gr_swift_node node) {
    if (reader->depth == GR_SWIFT_NODES_MAX)
        return false;
    reader->stack[reader->depth++] = node;
    return true;
}

bool gr_swift_pop(struct gr_swift_reader *reader, enum gr_swift_kind kind, struct gr_swift_node *node) {
    if (reader->depth == 0 || reader->stack[reader->depth - 1].kind != kind)
        return false;
    *node = reader->stack[--reader->depth];
    return true;
}

bool gr_swift_drop(struct gr_swift_reader *reader, enum gr_swift_kind kind) {
    struct gr_swift_node dropped;
    return gr_swift_pop(reader, kind, &dropped);
}

bool gr_swift_remember(struct gr_swift_reader *reader, struct gr_swift_node node) {
    if (reader->substitution_count == GR_SWIFT_NODES_MAX)
        return false;
    reader->substitutions[reader->substitution_count++] = node;
    return true;
}

static bool word_start(char c) {
    return !isdigit((unsigned char)c) && c != '_' && c != 0;
}

static bool word_end(char c, char before) {
    return c == '_' || c == 0 || (!isupper((unsigned char)before) && isupper((unsigned char)c));
}

static void find_words(struct gr_swift_reader *reader, const char *text, size_t size) {
    size_t start = SIZE_MAX;
    for (size_t i = 0; i <= size; i++) {
        char c = i < size ? text[i] : 0;
        if (start != SIZE_MAX && word_end(c, text[i - 1])) {
            if (i - start >= 2 && reader->word_count < GR_SWIFT_WORDS_MAX) {
                reader->words[reader->word_count].text = text + start;
                reader->words[reader->word_count++].size = i - start;
            }
            start = SIZE_MAX;
        }
        if (start == SIZE_MAX && word_start(c))
            start = i;
    }
}

/* Letters that refer to words; a capital is the last. False for a word that there is not. */
static bool append_words(struct gr_swift_reader *reader, bool *more) {
    while (*more && reader->at < reader->end && isalpha((unsigned char)*reader->at)) {
        char c = *reader->at++;
        size_t word = (size_t)(tolower((unsigned char)c) - 'a');
        *more = islower((unsigned char)c) != 0;
        if (word >= reader->word_count || !append(reader, reader->words[word].text, reader->words[word].size))
            return false;
    }
    return true;
}

bool gr_swift_identifier(struct gr_swift_reader *reader) {
    const char *start = reader->text + reader->text_size;
    bool words = gr_swift_next_is(reader, '0');
    if (words && reader->at < reader->end && *reader->at == '0')
        return false; /* punycode */
    do {
        size_t size;
        if (!append_words(reader, &words))
            return false;
        if (gr_swift_next_is(reader, '0'))
            break;
        if (!gr_swift_natural(reader, &size) || size == 0 || size > (size_t)(reader->end - reader->at) ||
            !append(reader, reader->at, size))
            return false;
        find_words(reader, reader->at, size);
        reader->at += size;
    } while (words);
    struct gr_swift_node node = {.kind = GR_SWIFT_IDENTIFIER, .text = start};
    node.size = (size_t)(reader->text + reader->text_size - start);
    reader->text[reader->text_size++] = 0;
    return node.size > 0 && gr_swift_remember(reader, node) && gr_swift_push(reader, node);
}

bool gr_swift_operator(struct gr_swift_reader *reader) {
    static const char symbols[] = "& @/= >    <*!|+?%-~   ^ ."; /* for "a" to "z" */
    char text[64];
    struct gr_swift_node node;
    if (!gr_swift_pop(reader, GR_SWIFT_IDENTIFIER, &node) || node.size >= sizeof text)
        return false;
    for (size_t i = 0; i < node.size; i++) {
        if (node.text[i] < 'a' || node.text[i] > 'z' || symbols[node.text[i] - 'a'] == ' ')
            return false;
        text[i] = symbols[node.text[i] - 'a'];
    }
    text[node.size] = 0;
    char place = gr_swift_next(reader);
    const char *word = place == 'i' ? " infix" : place == 'p' ? " prefix" : place == 'P' ? " postfix" : NULL;
    const char *parts[] = {text, word, NULL};
    node.kind = GR_SWIFT_OPERATOR;
    node.text = word == NULL ? NULL : gr_swift_join(reader, parts, &node.size);
    return node.text != NULL && gr_swift_push(reader, node);
}
