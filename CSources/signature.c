/* signature.c: a quick no for most of the names of an image.
 *
 * A name's signature has one of 128 bits for each three bytes in a row; a text that holds another has all of its bits.
 * Made once for each name, it lets a target go over a hundred thousand names in under a millisecond. Neighbours:
 * match.h; needle.c says what must be held. */
#include "match.h"

#include <string.h>

struct gr_signature gr_signature_of(const char *text, size_t size) {
    struct gr_signature signature = {{0, 0}};
    const unsigned char *byte = (const unsigned char *)text;
    for (size_t i = 0; i + 2 < size; i++) {
        uint32_t bytes = (uint32_t)byte[i] | (uint32_t)byte[i + 1] << 8 | (uint32_t)byte[i + 2] << 16;
        uint32_t bit = bytes * 0x9e3779b1u >> 25; /* the top 7 bits of a multiplicative hash */
        signature.bits[bit >> 6] |= (uint64_t)1 << (bit & 63);
    }
    return signature;
}

static struct gr_signature both(struct gr_signature left, struct gr_signature right) {
    return (struct gr_signature){{left.bits[0] | right.bits[0], left.bits[1] | right.bits[1]}};
}

static struct gr_signature of_needle(const struct gr_needle *needle) {
    return gr_signature_of(needle->text, needle->size);
}

/* A linker name holds every literal run of the target's. */
struct gr_signature gr_pattern_linker_signature(const struct gr_pattern *pattern) {
    struct gr_signature signature = {{0, 0}};
    for (const char *at = pattern->target->name; *at != 0;) {
        size_t run = pattern->glob ? strcspn(at, "*?") : strlen(at);
        signature = both(signature, gr_signature_of(at, run));
        at += run + strspn(at + run, "*?");
    }
    return signature;
}

void gr_pattern_signatures(struct gr_pattern *pattern) {
    pattern->swift_signature = of_needle(&pattern->swift_needle);
    pattern->module_signature = both(pattern->swift_signature, of_needle(&pattern->module_needle));
    pattern->cxx_signature = of_needle(&pattern->cxx_needle);
}
