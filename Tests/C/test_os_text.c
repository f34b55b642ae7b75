/* test_os_text.c: writes to program text and the barrier after them: os/text.c, os/protect.c, os/barrier.c. */
#include "check.h"
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TEXT_PAGES = 2,
    TEXT_FILL = 0x90,
    MANY = 1000,
    FUNCTION_PLACE = 64 /* in its page: UndefinedBehaviorSanitizer reads the bytes before a function that is called */
};

/* How a test makes the writes happen. */
static const enum gr_os_call ways[] = {
    GR_OS_CALL_COUNT /* as usual */, GR_OS_TEXT_OPEN, GR_OS_TEXT_WRITE, GR_OS_MAP_QUERY /* on an older kernel */};
enum { WAYS = sizeof ways / sizeof *ways };

static void take_way(size_t way) {
    gr_fault_clear();
    if (ways[way] != GR_OS_CALL_COUNT) {
        gr_fault_set(ways[way], 0, UINT32_MAX / 2);
    }
    if (ways[way] == GR_OS_MAP_QUERY) {
        gr_fault_set(GR_OS_TEXT_WRITE, 0, UINT32_MAX / 2);
    }
}

/* Readable and executable pages of nops. */
static unsigned char *make_text(void) {
    void *memory = NULL;
    CHECK_EQUAL(gr_os_allocate(TEXT_PAGES * gr_os_page_size(), &memory), GRAFT_OK);
    memset(memory, TEXT_FILL, TEXT_PAGES * gr_os_page_size());
    CHECK_EQUAL(gr_os_commit(memory, TEXT_PAGES * gr_os_page_size(), false, true), GRAFT_OK);
    return memory;
}

static void free_text(unsigned char *text) {
    gr_os_release(text, TEXT_PAGES * gr_os_page_size());
}

/* The "rwxp" of the mapping of an address. */
static void protection_of(const void *address, char *protection) {
    char *maps = NULL;
    size_t size = 0;
    CHECK_EQUAL(gr_os_read_file("/proc/self/maps", 16 << 20, &maps, &size), GRAFT_OK);
    strcpy(protection, "none");
    for (char *line = maps; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        unsigned long start = 0, end = 0;
        char found[8] = "";
        CHECK_EQUAL(sscanf(line, "%lx-%lx %7s", &start, &end, found), 3);
        if ((uintptr_t)address >= start && (uintptr_t)address < end) {
            strcpy(protection, found);
        }
    }
    free(maps);
}

static enum graft_status write_text(uintptr_t address, const void *bytes, size_t size) {
    int text = -2;
    CHECK_EQUAL(gr_os_text_open(&text), GRAFT_OK);
    CHECK(text != -2);
    enum graft_status status = gr_os_text_write(text, address, bytes, size);
    gr_os_text_close(text);
    return status;
}

static void writes_text_and_leaves_its_protection(void) {
    for (size_t way = 0; way < WAYS; way++) {
        unsigned char *text = make_text();
        take_way(way);
        CHECK_EQUAL(write_text((uintptr_t)text + 100, "\x01\x02\x03", 3), GRAFT_OK);
        CHECK_EQUAL(gr_fault_calls(GR_OS_TEXT_UNPROTECT), ways[way] == GR_OS_CALL_COUNT ? 0 : 1);
        gr_fault_clear();
        CHECK(memcmp(text + 99, "\x90\x01\x02\x03\x90", 5) == 0);
        char protection[8];
        protection_of(text, protection);
        CHECK_TEXT(protection, "r-xp");
        free_text(text);
    }
}

static void writes_across_pages_of_different_protection(void) {
    size_t page = gr_os_page_size();
    for (size_t way = 0; way < WAYS; way++) {
        unsigned char *text = make_text();
        CHECK_EQUAL(gr_os_commit(text + page, page, true, false), GRAFT_OK);
        take_way(way);
        CHECK_EQUAL(write_text((uintptr_t)text + page - 2, "\x01\x02\x03\x04", 4), GRAFT_OK);
        gr_fault_clear();
        CHECK(memcmp(text + page - 2, "\x01\x02\x03\x04", 4) == 0);
        char first[8], second[8];
        protection_of(text, first);
        protection_of(text + page, second);
        CHECK_TEXT(first, "r-xp");
        CHECK_TEXT(second, "rw-p");
        free_text(text);
    }
}

static void refuses_addresses_that_are_not_mapped(void) {
    for (size_t way = 0; way < WAYS; way++) {
        unsigned char *text = make_text();
        free_text(text);
        take_way(way);
        CHECK_EQUAL(write_text((uintptr_t)text, "\x01", 1), GRAFT_WRITE_DENIED);
        CHECK_EQUAL(write_text(0, "\x01", 1), GRAFT_WRITE_DENIED);
        gr_fault_clear();
    }
}

static void never_writes_into_a_file(void) {
    char path[] = "/tmp/test_os_text.XXXXXX";
    int file = mkstemp(path);
    CHECK(file >= 0);
    CHECK(unlink(path) == 0);
    CHECK(ftruncate(file, (off_t)gr_os_page_size()) == 0);
    void *shared = mmap(NULL, gr_os_page_size(), PROT_READ, MAP_SHARED, file, 0);
    CHECK(shared != MAP_FAILED);
    for (size_t way = 0; way < WAYS; way++) {
        take_way(way);
        CHECK_EQUAL(write_text((uintptr_t)shared, "\x01", 1), GRAFT_WRITE_DENIED);
        gr_fault_clear();
        char byte = 1;
        CHECK(pread(file, &byte, 1, 0) == 1);
        CHECK_EQUAL(byte, 0);
    }
    CHECK(munmap(shared, gr_os_page_size()) == 0);
    CHECK(close(file) == 0);
}

static void changes_nothing_when_every_way_is_refused(void) {
    unsigned char *text = make_text();
    gr_fault_set(GR_OS_TEXT_WRITE, 0, 1);
    gr_fault_set(GR_OS_TEXT_UNPROTECT, 0, 1);
    CHECK_EQUAL(write_text((uintptr_t)text, "\x01", 1), GRAFT_WRITE_DENIED);
    CHECK_EQUAL(text[0], TEXT_FILL);
    gr_fault_clear();
    free_text(text);
}

static void tells_when_a_page_stays_writable(void) {
    unsigned char *text = make_text();
    gr_fault_set(GR_OS_TEXT_OPEN, 0, 1);
    gr_fault_set(GR_OS_TEXT_REPROTECT, 0, 1);
    CHECK_EQUAL(write_text((uintptr_t)text, "\x01", 1), GRAFT_OS);
    CHECK_EQUAL(text[0], 1);
    gr_fault_clear();
    free_text(text);
}

static void reports_that_no_descriptor_is_left(void) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        while (dup(0) >= 0) {
        }
        int text = -2;
        _exit(gr_os_text_open(&text) == GRAFT_OS && text == -2 && errno == EMFILE ? 0 : 1);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
}

static void a_child_writes_its_own_text(void) {
    unsigned char *text = make_text();
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        _exit(write_text((uintptr_t)text, "\x01", 1) == GRAFT_OK && text[0] == 1 ? 0 : 1);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(text[0], TEXT_FILL);
    free_text(text);
}

static atomic_bool stop;

/* Calls the function at `argument` until told to stop. Its result is the number in its second byte: 1 or 2. */
static void *call_it(void *argument) {
    int (*function)(void);
    memcpy(&function, &argument, sizeof function);
    uintptr_t calls = 0;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) { /* told by the main thread; nothing else is shared */
        int result = function();
        CHECK(result == 1 || result == 2);
        calls++;
    }
    return (void *)calls;
}

static void writes_while_another_thread_executes_the_page(void) {
    CHECK_EQUAL(gr_os_membarrier_prepare(), GRAFT_OK);
    static const unsigned char code[] = {0xb8, 1, 0, 0, 0, 0xc3}; /* mov eax, 1; ret */
    for (size_t way = 0; way < WAYS; way++) {
        unsigned char *text = make_text();
        CHECK_EQUAL(write_text((uintptr_t)text + FUNCTION_PLACE, code, sizeof code), GRAFT_OK);
        atomic_store_explicit(&stop, false, memory_order_relaxed);
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, call_it, text + FUNCTION_PLACE) == 0);
        take_way(way);
        for (int i = 0; i < MANY; i++) {
            unsigned char result = (unsigned char)(1 + i % 2);
            CHECK_EQUAL(write_text((uintptr_t)text + FUNCTION_PLACE + 1, &result, 1), GRAFT_OK);
            CHECK_EQUAL(gr_os_serialise(), GRAFT_OK);
        }
        gr_fault_clear();
        atomic_store_explicit(&stop, true, memory_order_relaxed);
        CHECK(pthread_join(thread, NULL) == 0);
        free_text(text);
    }
}

static void prepares_and_serialises(void) {
    CHECK_EQUAL(gr_os_membarrier_prepare(), GRAFT_OK);
    CHECK_EQUAL(gr_os_serialise(), GRAFT_OK);
    for (unsigned step = 0; step < 3; step++) { /* the query and each registration */
        gr_fault_set(GR_OS_MEMBARRIER, step, 1);
        CHECK_EQUAL(gr_os_membarrier_prepare(), GRAFT_UNSUPPORTED);
        gr_fault_clear();
    }
}

static void serialises_again_after_losing_the_registration(void) {
    gr_fault_set(GR_OS_MEMBARRIER, 0, 1);
    CHECK_EQUAL(gr_os_serialise(), GRAFT_OK);
    gr_fault_set(GR_OS_MEMBARRIER, 0, UINT32_MAX / 2);
    CHECK_EQUAL(gr_os_serialise(), GRAFT_OS);
    gr_fault_clear();
}

int main(void) {
    gr_fault_clear();
    RUN(writes_text_and_leaves_its_protection);
    RUN(writes_across_pages_of_different_protection);
    RUN(refuses_addresses_that_are_not_mapped);
    RUN(never_writes_into_a_file);
    RUN(changes_nothing_when_every_way_is_refused);
    RUN(tells_when_a_page_stays_writable);
    RUN(reports_that_no_descriptor_is_left);
    RUN(a_child_writes_its_own_text);
    RUN(prepares_and_serialises);
    RUN(serialises_again_after_losing_the_registration);
    RUN(writes_while_another_thread_executes_the_page);
    return 0;
}
