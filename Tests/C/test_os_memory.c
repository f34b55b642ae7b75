/* test_os_memory.c: address space and reading without faults: os/memory.c and os/peek.c. */
#include "check.h"
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SOME_ERRNO = 77,
    FUNCTION_PLACE = 64 /* in its page: UndefinedBehaviorSanitizer reads the bytes before a function that is called */
};

/* ThreadSanitizer turns an address that it does not know into 0 and then fails: there, one that is taken must do. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define NO_USER_ADDRESS ((uintptr_t)&main & ~(gr_os_page_size() - 1))
int main(void);
#else
#define NO_USER_ADDRESS ((uintptr_t)1 << 62)
#endif

static size_t resident(const void *memory, size_t pages) {
    unsigned char present[8] = {0};
    size_t count = 0;
    CHECK(pages <= sizeof present && mincore((void *)(uintptr_t)memory, pages * gr_os_page_size(), present) == 0);
    for (size_t i = 0; i < pages; i++)
        count += present[i] & 1;
    return count;
}

static void what_is_reserved_takes_no_memory_before_it_is_used(void) {
    size_t page = gr_os_page_size();
    void *memory = NULL;
    CHECK_EQUAL(gr_os_reserve(0, 4 * page, &memory), GRAFT_OK);
    CHECK_EQUAL(resident(memory, 4), 0);
    *(char *)memory = 1;
    CHECK_EQUAL(resident(memory, 4), 1);
    gr_os_populate((char *)memory + page, 2 * page);
    CHECK_EQUAL(resident(memory, 4), 3);
    gr_os_release(memory, 4 * page);
}

static void memory_that_is_resized_keeps_what_it_holds(void) {
    size_t page = gr_os_page_size();
    void *memory = NULL, *before;
    CHECK_EQUAL(gr_os_allocate(page, &memory), GRAFT_OK);
    *(char *)memory = 7;
    before = memory;
    gr_fault_set(GR_OS_ALLOCATE, 0, 1);
    CHECK_EQUAL(gr_os_resize(&memory, page, 64 * page), GRAFT_NO_MEMORY);
    CHECK(memory == before && *(char *)memory == 7);
    CHECK_EQUAL(gr_os_resize(&memory, page, 64 * page), GRAFT_OK);
    CHECK(*(char *)memory == 7 && ((char *)memory)[64 * page - 1] == 0);
    gr_os_release(memory, 64 * page);
    gr_fault_clear();
}

static void reserves_at_an_address_or_not_at_all(void) {
    size_t page = gr_os_page_size();
    void *memory = NULL, *again = NULL;
    CHECK_EQUAL(gr_os_reserve(0, 2 * page, &memory), GRAFT_OK);
    uintptr_t address = (uintptr_t)memory;
    CHECK_EQUAL(gr_os_reserve(address, page, &again), GRAFT_NO_SPACE_NEAR);
    CHECK(again == NULL);
    gr_os_release(memory, 2 * page);
    CHECK_EQUAL(gr_os_reserve(address, 2 * page, &again), GRAFT_OK);
    CHECK((uintptr_t)again == address);
    gr_os_release(again, 2 * page);
}

static void refuses_addresses_outside_user_space(void) {
    void *memory = NULL;
    CHECK_EQUAL(gr_os_reserve(NO_USER_ADDRESS, gr_os_page_size(), &memory), GRAFT_NO_SPACE_NEAR);
    CHECK(memory == NULL);
}

static void reports_a_refused_reservation(void) {
    void *memory = NULL;
    gr_fault_clear();
    gr_fault_set(GR_OS_RESERVE, 0, 2);
    CHECK_EQUAL(gr_os_reserve(0, gr_os_page_size(), &memory), GRAFT_NO_MEMORY);
    CHECK_EQUAL(gr_os_reserve(1 << 20, gr_os_page_size(), &memory), GRAFT_NO_SPACE_NEAR);
    CHECK(memory == NULL);
    CHECK_EQUAL(gr_fault_calls(GR_OS_RESERVE), 2);
    gr_fault_clear();
    CHECK_EQUAL(gr_os_reserve(0, (size_t)1 << 60, &memory), GRAFT_NO_MEMORY);
    CHECK(memory == NULL);
}

static void reserves_low_memory_that_can_be_written(void) {
    void *memory = NULL;
    gr_fault_set(GR_OS_RESERVE_LOW, 0, 1);
    CHECK_EQUAL(gr_os_reserve_low(gr_os_page_size(), &memory), GRAFT_NO_MEMORY);
    CHECK(memory == NULL);
    CHECK_EQUAL(gr_os_reserve_low(gr_os_page_size(), &memory), GRAFT_OK);
    CHECK((uintptr_t)memory < (uintptr_t)1 << 31);
    *(char *)memory = 1;
    gr_os_release(memory, gr_os_page_size());
}

static void commits_what_was_reserved(void) {
    size_t page = gr_os_page_size();
    void *memory = NULL;
    CHECK_EQUAL(gr_os_reserve(0, page, &memory), GRAFT_OK);
    gr_fault_set(GR_OS_COMMIT, 0, 1);
    CHECK_EQUAL(gr_os_commit(memory, page, true, false), GRAFT_NO_MEMORY);
    CHECK_EQUAL(gr_os_commit(memory, page, true, false), GRAFT_OK);
    static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3}; /* mov eax, 42; ret */
    char *place = (char *)memory + FUNCTION_PLACE;
    memcpy(place, code, sizeof code);
    CHECK_EQUAL(gr_os_commit(memory, page, false, true), GRAFT_OK);
    int (*function)(void);
    memcpy(&function, &place, sizeof function);
    CHECK_EQUAL(function(), 42);
    CHECK_EQUAL(gr_os_commit((char *)memory + 1, page, false, false), GRAFT_OS);
    CHECK_EQUAL(errno, EINVAL);
    gr_os_release(memory, page);
}

static void allocates_zeroed_memory_and_keeps_errno(void) {
    void *memory = NULL;
    errno = SOME_ERRNO;
    gr_fault_set(GR_OS_ALLOCATE, 0, 1);
    CHECK_EQUAL(gr_os_allocate(gr_os_page_size(), &memory), GRAFT_NO_MEMORY);
    CHECK_EQUAL(gr_os_allocate((size_t)1 << 60, &memory), GRAFT_NO_MEMORY);
    CHECK(memory == NULL);
    CHECK_EQUAL(gr_os_allocate(gr_os_page_size(), &memory), GRAFT_OK);
    CHECK_EQUAL(errno, SOME_ERRNO);
    CHECK_EQUAL(((char *)memory)[gr_os_page_size() - 1], 0);
    ((char *)memory)[0] = 1;
    gr_os_release(memory, gr_os_page_size());
    char byte;
    CHECK_EQUAL(gr_os_peek((uintptr_t)memory, &byte, 1), 0);
}

static void gives_the_pages_back_where_it_cannot_unmap(void) {
    void *memory = NULL;
    CHECK_EQUAL(gr_os_allocate(gr_os_page_size(), &memory), GRAFT_OK);
    *(char *)memory = 1;
    errno = SOME_ERRNO;
    gr_fault_set(GR_OS_RELEASE, 0, 1);
    gr_os_release(memory, gr_os_page_size());
    CHECK_EQUAL(errno, SOME_ERRNO);
    CHECK_EQUAL(*(char *)memory, 0);
    gr_os_release(memory, gr_os_page_size());
}

/* `pages` readable pages of a pattern, followed by one without access. */
static unsigned char *readable_then_not(size_t pages) {
    size_t page = gr_os_page_size();
    void *memory = NULL;
    CHECK_EQUAL(gr_os_reserve(0, (pages + 1) * page, &memory), GRAFT_OK);
    CHECK(mprotect((char *)memory + pages * page, page, PROT_NONE) == 0);
    for (size_t i = 0; i < pages * page; i++) {
        ((unsigned char *)memory)[i] = (unsigned char)(i * 31 + i / page);
    }
    return memory;
}

static void peeks_up_to_the_first_unreadable_page(void) {
    enum { PAGES = 25 }; /* more than one call takes */
    size_t page = gr_os_page_size(), size = PAGES * page;
    unsigned char *memory = readable_then_not(PAGES), *copy = malloc(size + page);
    CHECK(copy != NULL);
    size_t starts[] = {0, 1, page - 1, page, size - page - 3, size - 1, size};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        errno = SOME_ERRNO;
        size_t got = gr_os_peek((uintptr_t)memory + starts[i], copy, size + page - starts[i]);
        CHECK_EQUAL(got, size - starts[i]);
        CHECK(memcmp(copy, memory + starts[i], got) == 0);
        CHECK_EQUAL(errno, SOME_ERRNO);
        CHECK_EQUAL(gr_os_peek((uintptr_t)memory + starts[i], copy, 0), 0);
    }
    free(copy);
    gr_os_release(memory, size + page);
}

static void peeks_at_no_address_without_harm(void) {
    char bytes[64];
    CHECK_EQUAL(gr_os_peek(0, bytes, sizeof bytes), 0);
    CHECK_EQUAL(gr_os_peek(UINTPTR_MAX, bytes, sizeof bytes), 0);
    CHECK_EQUAL(gr_os_peek(UINTPTR_MAX - 8, bytes, sizeof bytes), 0);
    CHECK_EQUAL(gr_os_peek((uintptr_t)1 << 63, bytes, sizeof bytes), 0);
}

static void peeks_by_file_where_the_call_is_refused(void) {
    size_t page = gr_os_page_size();
    unsigned char *memory = readable_then_not(2), copy[64];
    CHECK(munmap(memory + 2 * page, page) == 0);
    gr_fault_set(GR_OS_PEEK, 0, 100);
    errno = SOME_ERRNO;
    CHECK_EQUAL(gr_os_peek((uintptr_t)memory + page - 8, copy, 64), 64);
    CHECK(memcmp(copy, memory + page - 8, 64) == 0);
    gr_fault_set(GR_OS_PEEK_OPEN, 0, 1);
    CHECK_EQUAL(gr_os_peek((uintptr_t)memory, copy, 64), 0);
    CHECK_EQUAL(errno, SOME_ERRNO);
    gr_fault_clear();
    gr_os_release(memory, 2 * page);
}

static void peeks_at_its_own_memory_in_a_child(void) {
    static volatile int value;
    value = 1;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        value = 2;
        int seen = 0, by_file = 0;
        bool held = gr_os_peek((uintptr_t)&value, &seen, sizeof seen) == sizeof seen && seen == 2;
        gr_fault_set(GR_OS_PEEK, 0, 1);
        held = held && gr_os_peek((uintptr_t)&value, &by_file, sizeof by_file) == sizeof by_file && by_file == 2;
        _exit(held ? 0 : 1);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
}

static void refuses_exactly_the_requests_it_was_told(void) {
    void *memory = NULL;
    gr_fault_set(GR_OS_ALLOCATE, 2, 2);
    for (int i = 0; i < 6; i++) {
        bool refused = gr_os_allocate(gr_os_page_size(), &memory) != GRAFT_OK;
        CHECK_EQUAL(refused, i == 2 || i == 3);
        if (!refused) {
            gr_os_release(memory, gr_os_page_size());
        }
    }
    CHECK_EQUAL(gr_fault_calls(GR_OS_ALLOCATE), 6);
    gr_fault_clear();
    CHECK_EQUAL(gr_fault_calls(GR_OS_ALLOCATE), 0);
}

int main(void) {
    gr_fault_clear();
    RUN(refuses_exactly_the_requests_it_was_told);
    RUN(what_is_reserved_takes_no_memory_before_it_is_used);
    RUN(memory_that_is_resized_keeps_what_it_holds);
    RUN(reserves_at_an_address_or_not_at_all);
    RUN(refuses_addresses_outside_user_space);
    RUN(reports_a_refused_reservation);
    RUN(reserves_low_memory_that_can_be_written);
    RUN(commits_what_was_reserved);
    RUN(allocates_zeroed_memory_and_keeps_errno);
    RUN(gives_the_pages_back_where_it_cannot_unmap);
    RUN(peeks_up_to_the_first_unreadable_page);
    RUN(peeks_at_no_address_without_harm);
    RUN(peeks_by_file_where_the_call_is_refused);
    RUN(peeks_at_its_own_memory_in_a_child);
    return 0;
}
