/* swift_substitution.c: references in Swift mangled names: to earlier parts, and to the standard library.
 *
 * Neighbours: swift_reader.h. */
#include "swift_reader.h"

#include <ctype.h>
#include <string.h>

/* Types of module Swift that have a letter, by the letter. A protocol begins with "P", a class with "C". */
static const char *const standard['z' - 'A' + 1] = {
    ['A' - 'A'] = " AutoreleasingUnsafeMutablePointer",
    ['B' - 'A'] = "PBinaryFloatingPoint",
    ['D' - 'A'] = " Dictionary",
    ['E' - 'A'] = "PEncodable",
    ['F' - 'A'] = "PFloatingPoint",
    ['G' - 'A'] = "PRandomNumberGenerator",
    ['H' - 'A'] = "PHashable",
    ['I' - 'A'] = " DefaultIndices",
    ['J' - 'A'] = " Character",
    ['K' - 'A'] = "PBidirectionalCollection",
    ['L' - 'A'] = "PComparable",
    ['M' - 'A'] = "PMutableCollection",
    ['N' - 'A'] = " ClosedRange",
    ['O' - 'A'] = " ObjectIdentifier",
    ['P' - 'A'] = " UnsafePointer",
    ['Q' - 'A'] = "PEquatable",
    ['R' - 'A'] = " UnsafeBufferPointer",
    ['S' - 'A'] = " String",
    ['T' - 'A'] = "PSequence",
    ['U' - 'A'] = "PUnsignedInteger",
    ['V' - 'A'] = " UnsafeRawPointer",
    ['W' - 'A'] = " UnsafeRawBufferPointer",
    ['X' - 'A'] = "PRangeExpression",
    ['Y' - 'A'] = "PRawRepresentable",
    ['Z' - 'A'] = "PSignedInteger",
    ['a' - 'A'] = " Array",
    ['b' - 'A'] = " Bool",
    ['d' - 'A'] = " Double",
    ['e' - 'A'] = "PDecodable",
    ['f' - 'A'] = " Float",
    ['h' - 'A'] = " Set",
    ['i' - 'A'] = " Int",
    ['j' - 'A'] = "PNumeric",
    ['k' - 'A'] = "PRandomAccessCollection",
    ['l' - 'A'] = "PCollection",
    ['m' - 'A'] = "PRangeReplaceableCollection",
    ['n' - 'A'] = " Range",
    ['p' - 'A'] = " UnsafeMutablePointer",
    ['q' - 'A'] = " Optional",
    ['r' - 'A'] = " UnsafeMutableBufferPointer",
    ['s' - 'A'] = " Substring",
    ['t' - 'A'] = "PIteratorProtocol",
    ['u' - 'A'] = " UInt",
    ['v' - 'A'] = " UnsafeMutableRawPointer",
    ['w' - 'A'] = " UnsafeMutableRawBufferPointer",
    ['x' - 'A'] = "PStrideable",
    ['y' - 'A'] = "PStringProtocol",
    ['z' - 'A'] = "PBinaryInteger",
};

/* Types of concurrency that have a code too, which is not read here. */
static const char *const concurrency[] = {"Actor", "CheckedContinuation", "UnsafeContinuation", "CancellationError",
    "UnownedSerialExecutor", "Executor", "SerialExecutor", "TaskExecutor", "TaskGroup", "ThrowingTaskGroup",
    "AsyncIteratorProtocol", "AsyncSequence", "UnownedJob", "MainActor", "TaskPriority", "AsyncStream",
    "AsyncThrowingStream", "Task", "UnsafeCurrentTask"};

static bool same(const char *known, const char *name, size_t size) {
    return strlen(known) == size && memcmp(known, name, size) == 0;
}

bool gr_swift_standard_name(const char *name, size_t size) {
    for (size_t i = 0; i < sizeof standard / sizeof *standard; i++)
        if (standard[i] != NULL && same(standard[i] + 1, name, size))
            return true;
    for (size_t i = 0; i < sizeof concurrency / sizeof *concurrency; i++)
        if (same(concurrency[i], name, size))
            return true;
    return false;
}

static bool push_repeated(struct gr_swift_reader *reader, struct gr_swift_node node, size_t count) {
    bool pushed = count <= GR_SWIFT_REPEAT_MAX && gr_swift_push(reader, node);
    for (; pushed && count > 1; count--)
        pushed = gr_swift_push(reader, node);
    return pushed;
}

/* "Sg": the type on top, made optional. */
static bool optional(struct gr_swift_reader *reader) {
    struct gr_swift_node type = {.kind = GR_SWIFT_TYPE, .text = "Swift.Optional", .size = 14};
    return gr_swift_drop(reader, GR_SWIFT_TYPE) && gr_swift_remember(reader, type) && gr_swift_push(reader, type);
}

static bool module(struct gr_swift_reader *reader, const char *name) {
    return gr_swift_push(reader, (struct gr_swift_node){.kind = GR_SWIFT_MODULE, .text = name, .size = strlen(name)});
}

bool gr_swift_standard(struct gr_swift_reader *reader) {
    size_t count = 1;
    if (gr_swift_next_is(reader, 'o'))
        return module(reader, "__C");
    if (gr_swift_next_is(reader, 'C'))
        return module(reader, "__C_Synthesized");
    if (gr_swift_next_is(reader, 'g'))
        return optional(reader);
    if (reader->at < reader->end && isdigit((unsigned char)*reader->at) && !gr_swift_natural(reader, &count))
        return false;
    char letter = gr_swift_next(reader);
    const char *name = letter >= 'A' && letter <= 'z' ? standard[letter - 'A'] : NULL;
    if (name == NULL) /* also "c", the types of concurrency */
        return false;
    const char *parts[] = {"Swift.", name + 1, NULL};
    struct gr_swift_node node = {.kind = GR_SWIFT_TYPE, .protocol = name[0] == 'P'};
    node.text = gr_swift_join(reader, parts, &node.size);
    return node.text != NULL && push_repeated(reader, node, count);
}

/* "AbC": small letters are followed by more, a capital is the last; "A3B" repeats, "A5_" is one past the letters. */
bool gr_swift_reference(struct gr_swift_reader *reader) {
    for (size_t count = 1;; count = 1) {
        size_t number;
        bool counted = reader->at < reader->end && isdigit((unsigned char)*reader->at);
        if (counted && !gr_swift_natural(reader, &number))
            return false;
        if (counted)
            count = number;
        char letter = gr_swift_next(reader);
        size_t index = letter == '_' ? (counted ? number + 27 : 26) : (size_t)(tolower((unsigned char)letter) - 'a');
        if ((letter != '_' && !isalpha((unsigned char)letter)) || index >= reader->substitution_count)
            return false;
        if (!push_repeated(reader, reader->substitutions[index], letter == '_' ? 1 : count))
            return false;
        if (!islower((unsigned char)letter))
            return true;
    }
}
