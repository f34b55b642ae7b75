/* fuzz_call.c: libFuzzer target: a signature's text. Fails on a crash, a leak, a place outside the text, or when libffi
 * lays out a type in another way. */
#include "call.h"
#include "check.h"
#include "compiler.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { TEXT_MAX_BYTES = 2 * GRAFT_SIGNATURE_MAX };

static void check_shape(const struct gr_call_signature *signature) {
    struct gr_call_shape *shape;
    CHECK_EQUAL(gr_call_shape_make(signature, &shape), GRAFT_OK);
    if (signature->type[0].kind != GR_TYPE_VOID)
        CHECK_EQUAL(shape->cif.rtype->size, signature->type[0].size);
    for (unsigned i = 0; i < signature->arguments; i++)
        CHECK_EQUAL(shape->argument[i]->size, signature->type[signature->argument[i]].size);
    gr_call_shape_free(shape);
}

GR_PUBLIC int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static char text[TEXT_MAX_BYTES + 1];
    static struct gr_call_signature signature;
    if (size > TEXT_MAX_BYTES)
        return 0;
    memcpy(text, bytes, size);
    text[size] = 0;
    size_t offset = SIZE_MAX;
    enum graft_status status = gr_call_read(text, &signature, &offset);
    CHECK(status == GRAFT_OK ? offset == SIZE_MAX : offset <= strlen(text));
    if (status == GRAFT_OK)
        check_shape(&signature);
    return 0;
}
