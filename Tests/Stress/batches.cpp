/* batches.cpp: patches and restores functions while the threads call them, and checks each answer of the library.
 *
 * A batch is 1 to 10,000 functions, by name or by pattern, in any mode. What is counted is held against what the threads
 * say that they called: at least the calls that began after the installation returned and ended before the removal, at
 * most those that ended after the installation began and began before the removal returned. A handler sees the argument
 * and the result of its own call. After the removal the bytes are as they were. One thread only. */
#include "stress.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <link.h>
#include <memory>
#include <unistd.h>

namespace stress {

Changed changed;

namespace {

constexpr unsigned entryBytes = 16; /* kept of each function, and compared */
constexpr unsigned nameSize = 96;
constexpr unsigned settleSeconds = 20; /* for functions that wait for threads which block signals */

uint8_t originals[STRESS_ALL][entryBytes];

uintptr_t imageBase;
char buildId[48];

const void *entryOf(unsigned index) {
    return index < STRESS_PLAIN ? reinterpret_cast<const void *>(stress_plains[index])
                                : reinterpret_cast<const void *>(stress_throughs[index - STRESS_PLAIN]);
}

bool isOriginal(unsigned index) {
    return memcmp(entryOf(index), originals[index], entryBytes) == 0;
}

/* Reads the build-id of the image that the functions are in. */
int findImage(dl_phdr_info *info, size_t, void *) {
    uintptr_t inside = reinterpret_cast<uintptr_t>(entryOf(0)) - info->dlpi_addr;
    const ElfW(Phdr) *notes = nullptr;
    bool found = false;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) &header = info->dlpi_phdr[i];
        found = found || (header.p_type == PT_LOAD && inside - header.p_vaddr < header.p_memsz);
        if (header.p_type == PT_NOTE && notes == nullptr)
            notes = &header;
    }
    if (!found || notes == nullptr)
        return 0;
    for (uintptr_t at = 0; at < notes->p_memsz;) {
        const auto *note = reinterpret_cast<const ElfW(Nhdr) *>(info->dlpi_addr + notes->p_vaddr + at);
        const auto *bytes = reinterpret_cast<const uint8_t *>(note + 1) + (note->n_namesz + 3) / 4 * 4;
        for (unsigned i = 0; note->n_type == NT_GNU_BUILD_ID && i < note->n_descsz && 2 * i + 2 < sizeof buildId; i++)
            snprintf(buildId + static_cast<size_t>(2) * i, 3, "%02x", bytes[i]);
        at += sizeof *note + (note->n_namesz + 3) / 4 * 4 + (note->n_descsz + 3) / 4 * 4;
    }
    imageBase = info->dlpi_addr;
    return 1;
}

/* Every entry and exit comes here; `context` is the number of the function and one, or null when a pattern named it. */
void onHit(graft_hit *hit, void *context) {
    changed.told.fetch_add(1, std::memory_order_relaxed);
    if (hit->phase == GRAFT_PHASE_ENTER) {
        hit->cookie = graft_hit_argument(hit, 0);
        if (hit->cookie % 64 == 1)
            call(0, 2); /* inside a handler: counted, not told */
    } else if (hit->phase == GRAFT_PHASE_LEAVE && context != nullptr) {
        unsigned index = static_cast<unsigned>(reinterpret_cast<uintptr_t>(context) - 1);
        uint64_t number = index < STRESS_PLAIN ? index : index - STRESS_PLAIN;
        if (graft_hit_result(hit) != 3 * hit->cookie + number)
            fail("a handler was told %lld of function %u for %lld", static_cast<long long>(graft_hit_result(hit)),
                index, static_cast<long long>(hit->cookie));
    }
}

class Batch {
  public:
    Batch(Random &source, unsigned most) : random(source) {
        if (most >= 10 && random.below(8) == 0)
            pick(most);
        else
            scatter(most);
        outcomes.resize(specs.size());
        ids.resize(specs.size());
        waited.resize(specs.size());
    }

    void run() {
        sum(&Slot::ended, endedBefore);
        uint64_t began = nanoseconds();
        expect(graft_install(specs.data(), specs.size(), outcomes.data()), "graft_install");
        changed.installMicroseconds.push_back(
            static_cast<float>(nanoseconds() - began) / 1000 / static_cast<float>(functions.size()));
        sum(&Slot::begun, begunAfter);
        checkInstalled();
        use();
        countAll();
        remove();
    }

    unsigned size() const {
        return static_cast<unsigned>(functions.size());
    }

  private:
    Random &random;
    std::vector<unsigned> functions; /* those concerned; by spec, or all of the one pattern */
    std::unique_ptr<char[][nameSize]> names;
    std::vector<graft_probe_spec> specs;
    std::vector<graft_outcome> outcomes;
    std::vector<graft_probe_id> ids;
    std::vector<uint64_t> endedBefore, begunAfter, endedThen, begunThen, hits;
    std::vector<bool> waited; /* by spec: put off at first */
    bool pattern = false;
    unsigned putOff = 0;

    void add(const char *target, void *context, graft_mode mode) {
        graft_probe_spec spec;
        memset(&spec, 0, sizeof spec);
        spec.target = target;
        spec.mode = mode;
        spec.flags = static_cast<uint32_t>(random.below(8));
        spec.handler = random.below(8) == 0 ? nullptr : onHit;
        spec.context = context;
        specs.push_back(spec);
    }

    graft_mode anyMode() {
        return static_cast<graft_mode>(GRAFT_MODE_COUNT + random.below(4));
    }

    /* A target: the name, or the image's build-id and the offset in it. */
    static void write(char *target, unsigned index, bool exact) {
        if (exact)
            snprintf(target, nameSize, "build-id:%s+%#llx", buildId,
                static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(entryOf(index)) - imageBase));
        else if (index < STRESS_PLAIN)
            snprintf(target, nameSize, "libgraft-stress.so:stress_%04u", index);
        else
            snprintf(target, nameSize, "libgraft-stress.so:through_%03u", index - STRESS_PLAIN);
    }

    /* One probe by a pattern: 10, 100, 1,000 or 10,000 neighbours. */
    void pick(unsigned most) {
        pattern = true;
        unsigned wild = 1, size = 1;
        while (wild < 4 && most >= std::pow(10, wild + 1) && random.below(2) == 0)
            wild++;
        for (unsigned i = 0; i < wild; i++)
            size *= 10;
        unsigned first = static_cast<unsigned>(random.below(STRESS_PLAIN / size));
        names = std::make_unique<char[][nameSize]>(1);
        snprintf(names[0], nameSize, "libgraft-stress.so:stress_%.*u%.*s", 4 - static_cast<int>(wild), first,
            static_cast<int>(wild), "????");
        for (unsigned i = 0; i < size; i++)
            functions.push_back(first * size + i);
        add(names[0], nullptr, anyMode());
    }

    /* One probe for each function; as many batches of 1 to 10 as of 1,000 to 10,000. */
    void scatter(unsigned most) {
        static const unsigned strides[] = {1, 3, 7, 13, 997, 9973}; /* none shares a divisor with STRESS_ALL */
        double exponent = static_cast<double>(random.below(1000001)) / 1e6;
        size_t size = std::max<size_t>(1, static_cast<size_t>(std::pow(most, exponent)));
        names = std::make_unique<char[][nameSize]>(size);
        uint64_t start = random.below(STRESS_ALL), stride = strides[random.below(sizeof strides / sizeof *strides)];
        graft_mode mode = anyMode();
        bool mixed = random.below(2) == 0, exact = random.below(2) == 0;
        for (uint64_t i = 0; i < size; i++) {
            unsigned index = static_cast<unsigned>((start + i * stride) % STRESS_ALL);
            functions.push_back(index);
            write(names[i], index, exact);
            add(names[i], reinterpret_cast<void *>(static_cast<uintptr_t>(index) + 1), mixed ? anyMode() : mode);
        }
    }

    static void expect(graft_status status, const char *what) {
        if (status != GRAFT_OK)
            fail("%s: %s", what, graft_status_sentence(status));
    }

    void sum(std::atomic<uint32_t> (Slot::*counts)[STRESS_ALL], std::vector<uint64_t> &sums) {
        sums.assign(functions.size(), 0);
        for (unsigned slot = 0; slot < slotCount(); slot++)
            for (size_t i = 0; i < functions.size(); i++)
                sums[i] += (slots()[slot].*counts)[functions[i]].load(std::memory_order_relaxed);
    }

    /* A thread that starts or ends blocks every signal for a moment: the library may put a function off, and says so. */
    void checkInstalled() {
        for (size_t i = 0; i < specs.size(); i++) {
            const graft_outcome &outcome = outcomes[i];
            unsigned wanted = pattern ? size() : 1;
            bool waits = outcome.refused != 0 && outcome.refusal == GRAFT_UNSAFE_THREADS;
            bool disarmed = specs[i].mode == GRAFT_MODE_ONCE; /* at once, perhaps, by a thread that was quick */
            if (outcome.kind != GRAFT_CHANGE_INSTALL || outcome.status != GRAFT_OK ||
                outcome.installed + outcome.refused > wanted || (outcome.refused != 0 && !waits) ||
                (outcome.installed + outcome.refused < wanted && !disarmed))
                fail("%s: %s, %u installed, %u refused: %s at %#llx", specs[i].target,
                    graft_status_slug(outcome.status), outcome.installed, outcome.refused,
                    graft_status_slug(outcome.refusal), static_cast<unsigned long long>(outcome.refusal_address));
            putOff += outcome.refused;
            waited[i] = waits;
            ids[i] = outcome.probe;
        }
    }

    /* Our own calls, some changes of mode under the others', and calls again. */
    void use() {
        for (int i = 0; i < 8; i++)
            call(functions[random.below(functions.size())], i);
        if (random.below(2) == 0)
            usleep(static_cast<useconds_t>(random.below(2000)));
        for (uint64_t n = random.below(4); n > 0; n--) {
            size_t i = random.below(specs.size());
            if (specs[i].mode == GRAFT_MODE_ONCE) /* it may be disarmed: then its calls are not counted */
                continue;
            specs[i].mode = anyMode();
            graft_status status = graft_set_mode(ids[i], specs[i].mode);
            if (status != GRAFT_OK && status != GRAFT_UNSAFE_THREADS)
                expect(status, "graft_set_mode");
            changed.modeChanges++;
            call(functions[random.below(functions.size())], 3);
        }
    }

    void countAll() {
        hits.assign(functions.size(), 0);
        sum(&Slot::ended, endedThen);
        for (size_t i = 0; i < specs.size(); i++)
            expect(graft_probe_hits(ids[i], &hits[i]), "graft_probe_hits");
    }

    void remove() {
        expect(graft_remove(ids.data(), ids.size(), outcomes.data()), "graft_remove");
        sum(&Slot::begun, begunThen);
        checkCounts();
        for (size_t i = 0; i < specs.size(); i++)
            if (outcomes[i].status != GRAFT_OK && outcomes[i].status != GRAFT_UNSAFE_THREADS)
                fail("%s is not removed: %s", specs[i].target, graft_status_slug(outcomes[i].status));
        changed.putOff += putOff;
        changed.batches++;
        changed.toggles += size();
        changed.largest = std::max<uint64_t>(changed.largest, size());
    }

    void checkCounts() {
        uint64_t least = 0, most = 0;
        for (size_t i = 0; i < functions.size(); i++) {
            uint64_t low = endedThen[i] > begunAfter[i] ? endedThen[i] - begunAfter[i] : 0;
            uint64_t high = begunThen[i] - endedBefore[i];
            if (!pattern)
                checkCount(i, low, high);
            least += low, most += high;
        }
        if (pattern)
            checkCount(0, least, most);
    }

    void checkCount(size_t i, uint64_t low, uint64_t high) {
        if (specs[i].mode == GRAFT_MODE_ONCE || waited[i])
            low = 0;
        if (hits[i] < low || hits[i] > high)
            fail("%s in mode %s counted %llu calls: they were %llu to %llu", specs[i].target,
                graft_mode_name(specs[i].mode), static_cast<unsigned long long>(hits[i]),
                static_cast<unsigned long long>(low), static_cast<unsigned long long>(high));
        changed.countsChecked++;
    }
};

} // namespace

void keepOriginals() {
    if (dl_iterate_phdr(findImage, nullptr) != 1 || buildId[0] == '\0')
        fail("libgraft-stress.so has no build-id");
    for (unsigned i = 0; i < STRESS_ALL; i++)
        memcpy(originals[i], entryOf(i), entryBytes);
}

void changeAllAtOnce() {
    static const char *const targets[] = {"libgraft-stress.so:stress_*", "libgraft-stress.so:through_*"};
    static const unsigned counts[] = {STRESS_PLAIN, STRESS_THROUGH};
    for (int mode = GRAFT_MODE_COUNT; mode <= GRAFT_MODE_ENTRY_EXIT; mode++) {
        graft_probe_spec specs[2];
        graft_outcome outcomes[2];
        memset(specs, 0, sizeof specs);
        for (int i = 0; i < 2; i++) {
            specs[i].target = targets[i];
            specs[i].mode = static_cast<graft_mode>(mode);
            specs[i].handler = onHit;
        }
        if (graft_install(specs, 2, outcomes) != GRAFT_OK)
            fail("all functions at once: no installation");
        for (int i = 0; i < 2; i++)
            if (outcomes[i].installed != counts[i] || outcomes[i].refused != 0)
                fail("%s: %u installed, %u refused: %s", targets[i], outcomes[i].installed, outcomes[i].refused,
                    graft_status_slug(outcomes[i].refusal));
        for (unsigned i = 0; i < STRESS_ALL; i++)
            call(i, static_cast<long>(i % 100));
        for (const graft_outcome &outcome : outcomes) {
            uint64_t hits = 0;
            if (graft_probe_hits(outcome.probe, &hits) != GRAFT_OK || hits < counts[&outcome - outcomes])
                fail("all functions at once: %llu hits", static_cast<unsigned long long>(hits));
            if (graft_remove(&outcome.probe, 1, nullptr) != GRAFT_OK)
                fail("all functions at once: no removal");
        }
        checkOriginals();
    }
}

unsigned changeBatch(Random &random, unsigned most) {
    Batch batch(random, most);
    batch.run();
    watched->batch++;
    watched->toggles = changed.toggles;
    watched->beats++;
    return batch.size();
}

void checkOriginals() {
    unsigned other = 0, last = 0;
    for (unsigned second = 0; second < settleSeconds * 100; second++) {
        other = 0;
        for (unsigned i = 0; i < STRESS_ALL; i++)
            if (!isOriginal(i))
                other++, last = i;
        if (other == 0)
            return;
        usleep(10000);
    }
    fail("%u functions are not as they were, function %u among them", other, last);
}

} // namespace stress
