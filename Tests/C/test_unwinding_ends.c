/* test_unwinding_ends.c: where the frames of a copied stack end: at what cannot be known, and never in a crash. */
#include "check.h"
#include "look.h"
#include "os/fault.h"
#include "os/os.h"
#include "random.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>

#ifndef FIXTURES
#define FIXTURES "."
#endif

enum { SEEDS = 1000, JIT_PLACE = 64, SOME_ERRNO = 77 };

static void ends_where_a_signal_left_another_stack(void) {
    static char other_stack[256 * 1024];
    stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof other_stack}, no_stack = {.ss_flags = SS_DISABLE};
    struct sigaction action = {.sa_handler = look_on_signal, .sa_flags = SA_ONSTACK}, before;
    stack_t stack_before;
    CHECK(sigaltstack(&stack, &stack_before) == 0 && sigaction(SIGUSR1, &action, &before) == 0);
    CHECK(raise(SIGUSR1) == 0);
    CHECK(sigaction(SIGUSR1, &before, NULL) == 0);
    CHECK(sigaltstack(stack_before.ss_flags & SS_DISABLE ? &no_stack : &stack_before, NULL) == 0);
    look_unwind(&look);
    CHECK(look.count >= 3 && look.count < (size_t)look.live_count);
    look_check_frames(&look, look.count - 1);
}

static void ends_at_code_without_a_table(void) {
    call_without_table(look_take, &look);
    look_unwind(&look);
    CHECK_EQUAL(look.count, 2);
    look_check_frames(&look, 1);
}

static void ends_at_code_that_belongs_to_no_image(void) {
    /* push rbx; mov rax, rdi; mov rdi, rsi; call rax; pop rbx; ret */
    static const unsigned char code[] = {0x53, 0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0xff, 0xd0, 0x5b, 0xc3};
    void *memory = NULL;
    CHECK_EQUAL(gr_os_allocate(gr_os_page_size(), &memory), GRAFT_OK);
    char *place = (char *)memory + JIT_PLACE;
    memcpy(place, code, sizeof code);
    CHECK_EQUAL(gr_os_commit(memory, gr_os_page_size(), false, true), GRAFT_OK);
    void (*call)(void (*)(void *), void *);
    memcpy(&call, &place, sizeof call);
    call(look_take, &look);
    look_unwind(&look);
    CHECK_EQUAL(look.count, 2);
    CHECK_EQUAL(look.frames[1], (uintptr_t)place + 9);
    gr_os_release(memory, gr_os_page_size());
}

static void ends_at_a_shadow_frame_without_its_words(void) {
    call_by_cell(look_take, &look, look_cell());
    look_unwind(&look);
    CHECK_EQUAL(look.count, 2);
    look_check_frames(&look, 1);
}

static void a_shadow_frame_that_leads_to_itself_ends(void) {
    uint64_t *cell = look_cell();
    call_by_cell(look_take, &look, cell);
    look_unwind(&look);
    look.copy.words[0] = (struct gr_stack_word){(uintptr_t)&cell[0], look.frames[1]};
    look.copy.words[1] = (struct gr_stack_word){(uintptr_t)&cell[1], (uintptr_t)cell};
    look.copy.word_count = 2;
    look_unwind(&look);
    look.copy.word_count = 0;
    CHECK(look.count >= 2 && look.count < 100);
}

static void ends_at_an_image_that_was_unloaded(void) {
    void *image = dlopen(FIXTURES "/call_through.so", RTLD_NOW | RTLD_LOCAL);
    CHECK(image != NULL);
    void *found = dlsym(image, "call_through");
    CHECK(found != NULL);
    void (*call_through)(void (*)(void *), void *);
    memcpy(&call_through, &found, sizeof call_through);
    call_through(look_take, &look);
    look_unwind(&look);
    look_check_all(&look);
    CHECK(dlclose(image) == 0);
    if (dlopen(FIXTURES "/call_through.so", RTLD_NOW | RTLD_NOLOAD) == NULL) {
        look_unwind(&look);
        CHECK_EQUAL(look.count, 2);
    }
}

static void an_unreadable_stack_gives_one_frame(void) {
    static struct gr_stack_copy copy;
    copy = (struct gr_stack_copy){.return_address = (uintptr_t)&look_take + 1, .stack_pointer = 16, .size = 99};
    errno = SOME_ERRNO;
    gr_stack_capture(&copy);
    CHECK_EQUAL(errno, SOME_ERRNO);
    CHECK_EQUAL(copy.size, 0);
    uint64_t frame = 0;
    CHECK_EQUAL(gr_unwind(&copy, &frame, 1), 1);
    CHECK_EQUAL(frame, copy.return_address);
    uint64_t frames[4];
    CHECK_EQUAL(gr_unwind(&copy, frames, 4), 1);
}

static void copies_up_to_the_end_of_the_stack(void) {
    size_t page = gr_os_page_size();
    void *memory = NULL;
    CHECK_EQUAL(gr_os_reserve(0, 3 * page, &memory), GRAFT_OK);
    CHECK(mprotect((char *)memory + 2 * page, page, PROT_NONE) == 0);
    memset(memory, 7, 2 * page);
    static struct gr_stack_copy copy;
    for (size_t left = 0; left < 2 * page; left += 8) {
        copy.stack_pointer = (uintptr_t)memory + 2 * page - left;
        gr_stack_capture(&copy);
        CHECK_EQUAL(copy.size, left);
        CHECK(left == 0 || copy.stack[left - 1] == 7);
    }
    gr_os_release(memory, 3 * page);
}

static void a_stack_that_leads_back_to_itself_ends(void) {
    (void)look_descend(LOOK_DEPTH, look_take, &look);
    /* Every word says that the caller is descend with its frame at the copy's beginning. */
    look_unwind(&look);
    uint64_t words[2] = {look.copy.stack_pointer, look.frames[2]};
    for (size_t i = 0; i + sizeof words <= look.copy.size; i += sizeof words) {
        memcpy(look.copy.stack + i, words, sizeof words);
    }
    look.count = gr_unwind(&look.copy, look.frames, LOOK_FRAMES_MAX);
    CHECK(look.count < LOOK_FRAMES_MAX);
}

/* Changes the copy in one of several ways, from a few bytes to all of it. */
static void corrupt(struct gr_stack_copy *copy, uint64_t *random) {
    size_t changes = (size_t)1 << random_below(random, 13);
    for (size_t i = 0; i < changes; i++) {
        size_t at = random_below(random, changes < 64 ? 512 : GR_STACK_COPY_MAX);
        copy->stack[at] = (uint8_t)random_next(random);
    }
    uint64_t *registers[] = {
        &copy->rbx, &copy->rbp, &copy->r12, &copy->r13, &copy->return_address, &copy->stack_pointer};
    if (random_below(random, 2) == 0) {
        *registers[random_below(random, 6)] ^= random_next(random) >> random_below(random, 64);
    }
    if (random_below(random, 8) == 0) {
        copy->size = random_below(random, 2) ? SIZE_MAX : random_below(random, GR_STACK_COPY_MAX);
        copy->word_count = SIZE_MAX;
    }
}

static void no_copy_does_any_harm(void) {
    static struct look base, damaged;
    struct sigaction action = {.sa_handler = look_on_signal}, before;
    CHECK(sigaction(SIGUSR1, &action, &before) == 0 && raise(SIGUSR1) == 0);
    CHECK(sigaction(SIGUSR1, &before, NULL) == 0);
    base.copy = look.copy;
    uint64_t random = random_seed("no_copy_does_any_harm");
    for (unsigned i = 0; i < SEEDS; i++) {
        damaged.copy = base.copy;
        corrupt(&damaged.copy, &random);
        damaged.count = gr_unwind(&damaged.copy, damaged.frames, 64);
        CHECK(damaged.count >= 1 && damaged.count <= 64);
        CHECK_EQUAL(damaged.frames[0], damaged.copy.return_address);
    }
}

int main(void) {
    gr_fault_clear();
    look_take(&look); /* the first backtrace() allocates, which a signal's handler must not */
    RUN(ends_where_a_signal_left_another_stack);
    RUN(ends_at_code_without_a_table);
    RUN(ends_at_code_that_belongs_to_no_image);
    RUN(ends_at_a_shadow_frame_without_its_words);
    RUN(a_shadow_frame_that_leads_to_itself_ends);
    RUN(ends_at_an_image_that_was_unloaded);
    RUN(an_unreadable_stack_gives_one_frame);
    RUN(copies_up_to_the_end_of_the_stack);
    RUN(a_stack_that_leads_back_to_itself_ends);
    RUN(no_copy_does_any_harm);
    return 0;
}
