/* unwinding.c: frames from a copied stack: libunwind's remote interface, with this process's past as the remote.
 *
 * libunwind interprets the tables; this file gives it registers and memory as they were at the call, and decides when
 * to stop. Its own guesses for code without tables (following rbp) are not used: they invent callers. libunwind takes
 * its memory from pools and blocks every signal for a moment when it does, so it never runs on the hit path.
 * Neighbours: unwind_memory.h, unwind_table.h, os. */
#include "unwinding.h"
#include "arch/unwinder.h"
#include "heap.h"
#include "os/os.h"
#include "unwind_memory.h"
#include "unwind_table.h"

/* Exported by libunwind for those who find tables themselves, but declared in none of its headers. */
extern int UNW_OBJ(dwarf_search_unwind_table)(
    unw_addr_space_t space, unw_word_t ip, unw_dyn_info_t *table, unw_proc_info_t *info, int with_rules, void *context);

void gr_stack_capture(struct gr_stack_copy *copy) {
    copy->size = gr_os_peek_stack(copy->stack_pointer, copy->stack, sizeof copy->stack);
}

/* The pairs of a table, for libunwind's search; it counts in words, and a pair is one. */
static int search(unw_addr_space_t space, uint64_t ip, const struct gr_unwind_table *table, unw_proc_info_t *info,
    int with_rules, void *context) {
    unw_dyn_info_t description = {.format = UNW_INFO_FORMAT_REMOTE_TABLE};
    description.u.rti.segbase = table->base;
    description.u.rti.table_data = table->entries;
    description.u.rti.table_len = table->count;
    return UNW_OBJ(dwarf_search_unwind_table)(space, ip, &description, info, with_rules, context);
}

/* Stops the unwinding, whatever is missing: any other answer makes libunwind guess. */
static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *info, int with_rules, void *context) {
    struct gr_unwind_table table;
    if (!gr_unwind_table_find(context, ip, &table)) {
        return -UNW_ESTOPUNWIND;
    }
    /* First without the rules: for an address between functions libunwind would allocate them and lose them. */
    int error = search(space, ip, &table, info, 0, context);
    if (error == 0 && with_rules) {
        error = search(space, ip, &table, info, with_rules, context);
    }
    return error == 0 ? 0 : -UNW_ESTOPUNWIND;
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *context) {
    (void)space, (void)info, (void)context; /* libunwind frees what its search allocated */
}

static int get_dyn_info_list_addr(unw_addr_space_t space, unw_word_t *list, void *context) {
    (void)space, (void)list, (void)context;
    return -UNW_ENOINFO;
}

static int access_mem(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write, void *context) {
    (void)space;
    return !write && gr_unwind_read(context, address, value, sizeof *value) ? 0 : -UNW_EINVAL;
}

/* The registers that a callee must leave alone, and where the call returns to. */
static int access_reg(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value, int write, void *context) {
    (void)space;
    const struct gr_stack_copy *copy = ((struct gr_unwind_memory *)context)->copy;
    /* The call itself: its return address may belong to the next function, and libunwind does not step back for the
     * first frame. */
    uint64_t call = copy->return_address - 1;
    const uint64_t *kept = gr_unwinder_register(copy, &call, number);
    if (write || !kept) {
        return -UNW_EBADREG;
    }
    *value = *kept;
    return 0;
}

static int access_fpreg(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write, void *context) {
    (void)space, (void)number, (void)value, (void)write, (void)context;
    return -UNW_EBADREG;
}

static int resume(unw_addr_space_t space, unw_cursor_t *cursor, void *context) {
    (void)space, (void)cursor, (void)context;
    return -UNW_EINVAL;
}

static int get_proc_name(
    unw_addr_space_t space, unw_word_t ip, char *name, size_t size, unw_word_t *offset, void *context) {
    (void)space, (void)ip, (void)name, (void)size, (void)offset, (void)context;
    return -UNW_ENOINFO;
}

static unw_accessors_t accessors = {
    .find_proc_info = find_proc_info,
    .put_unwind_info = put_unwind_info,
    .get_dyn_info_list_addr = get_dyn_info_list_addr,
    .access_mem = access_mem,
    .access_reg = access_reg,
    .access_fpreg = access_fpreg,
    .resume = resume,
    .get_proc_name = get_proc_name,
};

/* Frames at one stack address, each at another place in code: a function whose exit is watched shares its own with the
 * thunk's frame. More than this is a loop in a damaged stack. (A loop of one frame libunwind sees itself.) */
enum { SAME_STACK_MAX = 16 };

/* Adds the frames outside the first; returns how many there are then. */
static size_t walk(unw_cursor_t *cursor, const struct gr_stack_copy *copy, uint64_t *frames, size_t max) {
    size_t count = 1;
    uint64_t last = 0; /* stack pointer of the frame before, as an offset into the copy */
    unsigned same = 0;
    while (count < max && unw_step(cursor) > 0) {
        unw_word_t ip = 0, sp = 0;
        if (unw_get_reg(cursor, UNW_REG_IP, &ip) != 0 || unw_get_reg(cursor, UNW_REG_SP, &sp) != 0 || ip == 0) {
            break;
        }
        uint64_t offset = sp - copy->stack_pointer;
        same = offset == last ? same + 1 : 0;
        if (offset < last || same > SAME_STACK_MAX) { /* callers lie further out */
            break;
        }
        frames[count++] = ip;
        if (offset > copy->size) { /* a signal interrupted another stack, and that one was not copied */
            break;
        }
        last = offset;
    }
    return count;
}

size_t gr_unwind(const struct gr_stack_copy *copy, uint64_t *frames, size_t max) {
    if (max == 0) {
        return 0;
    }
    frames[0] = copy->return_address;
    size_t count = 1;
    struct gr_unwind_memory *memory = gr_heap_take(sizeof *memory);
    unw_addr_space_t space = unw_create_addr_space(&accessors, 0);
    if (memory && space) {
        memory->copy = copy;
        unw_cursor_t cursor;
        if (unw_init_remote(&cursor, space, memory) == 0) {
            count = walk(&cursor, copy, frames, max);
        }
    }
    if (space) {
        unw_destroy_addr_space(space);
    }
    gr_heap_give(memory);
    return count;
}
