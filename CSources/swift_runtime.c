/* swift_runtime.c: finds the Swift demangler of a static Swift executable, where the loader sees no symbol of it.
 *
 * Neighbours: images.h, demangle. */
#include "demangle.h"
#include "images.h"

#include <string.h>

void gr_resolver_find_swift(struct gr_resolver *resolver) {
    if (gr_demangle_knows_swift() || resolver->count == 0 || resolver->swift_sought)
        return;
    resolver->swift_sought = true;
    /* Only the executable is looked at: a library could be unloaded with the function in it. */
    struct gr_loaded *program = resolver->images[0];
    if (!program->image.main_program || !gr_loaded_open(program))
        return;
    for (size_t i = 0; i < program->function_count; i++) {
        if (strcmp(program->functions[i].symbol, "swift_demangle") != 0)
            continue;
        uintptr_t address = (uintptr_t)(program->image.bias + program->functions[i].address);
        gr_swift_demangler function;
        memcpy(&function, &address, sizeof function);
        gr_demangle_use_swift(function);
        return;
    }
}
