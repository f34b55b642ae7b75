/* writer.c: see writer.h. */
#include "writer.h"
#include "os/os.h"
#include <string.h>

enum { PAGE = 4096 };

/* Changes of neighbouring bytes are one write. */
static enum graft_status write_one_by_one(struct gr_writer *writer) {
    for (size_t at = 0; at < writer->count;) {
        const struct gr_change *first = &writer->changes[at];
        uint8_t bytes[GR_PATCH_SIZE];
        size_t size = 0;
        while (at < writer->count && size < sizeof bytes && writer->changes[at].address == first->address + size)
            bytes[size++] = writer->changes[at++].byte;
        enum graft_status status = gr_os_text_write(writer->text, first->address, bytes, size);
        if (status != GRAFT_OK) {
            writer->failed = first->site;
            return status;
        }
    }
    return GRAFT_OK;
}

/* False when the bytes between cannot be had, or the write fails: then one by one, so that the site at fault is known. */
static bool write_page(struct gr_writer *writer) {
    uint8_t bytes[PAGE];
    uint64_t start = writer->changes[0].address;
    size_t size = (size_t)(writer->changes[writer->count - 1].address + 1 - start);
    if (gr_os_peek(start, bytes, size) != size)
        return false;
    for (size_t i = 0; i < writer->count; i++)
        bytes[writer->changes[i].address - start] = writer->changes[i].byte;
    return gr_os_text_write(writer->text, start, bytes, size) == GRAFT_OK;
}

static enum graft_status write_bytes(struct gr_writer *writer) {
    enum graft_status status = GRAFT_OK;
    bool singly = writer->count <= GR_WRITER_FEW || (GR_STORES_WORDS && gr_os_text_is_file(writer->text));
    if (singly || !write_page(writer))
        status = write_one_by_one(writer);
    writer->count = 0;
    return status;
}

/* What the words that differ are and shall be. One that two sites share comes twice, and is first what the other left. */
struct plan {
    size_t count;
    struct gr_os_exchange words[GR_WRITER_WORDS];
    struct gr_site *sites[GR_WRITER_WORDS];
};

static bool plan_words(struct gr_writer *writer, struct plan *plan) {
    plan->count = 0;
    for (size_t i = 0; i < writer->word_count; i++) {
        const struct gr_word *word = &writer->words[i];
        struct gr_os_exchange next = {.address = word->address};
        writer->failed = word->site;
        if (plan->count > 0 && plan->words[plan->count - 1].address == word->address)
            next.old = plan->words[plan->count - 1].new;
        else if (gr_os_peek(word->address, &next.old, sizeof next.old) != sizeof next.old)
            return false;
        next.new = next.old;
        memcpy((uint8_t *)&next.new + word->offset, word->to, word->length);
        if (next.new == next.old)
            continue;
        plan->words[plan->count] = next;
        plan->sites[plan->count++] = word->site;
    }
    return true;
}

static enum graft_status write_words(struct gr_writer *writer) {
    struct plan plan;
    size_t done;
    if (!plan_words(writer, &plan))
        return GRAFT_WRITE_DENIED;
    if (plan.count == 0)
        return GRAFT_OK;
    enum graft_status status = gr_os_text_exchange_page(plan.words, plan.count, &done);
    if (status != GRAFT_OK)
        writer->failed = plan.sites[done < plan.count ? done : plan.count - 1];
    return status;
}

enum graft_status gr_writer_flush(struct gr_writer *writer) {
    enum graft_status status = writer->count > 0 ? write_bytes(writer) : GRAFT_OK;
    if (status == GRAFT_OK && writer->word_count > 0)
        status = write_words(writer);
    writer->word_count = 0;
    return status;
}

/* What was noted is in ascending order and on one page. */
enum graft_status gr_writer_put_word(struct gr_writer *writer, const struct gr_word *word) {
    enum graft_status status = GRAFT_OK;
    if (writer->word_count > 0) {
        uint64_t last = writer->words[writer->word_count - 1].address;
        if (writer->word_count == GR_WRITER_WORDS || word->address < last || word->address / PAGE != last / PAGE)
            status = gr_writer_flush(writer);
    }
    if (status == GRAFT_OK)
        writer->words[writer->word_count++] = *word;
    return status;
}

/* What was noted is in ascending order and on one page. */
enum graft_status gr_writer_put(struct gr_writer *writer, struct gr_site *site, unsigned offset, uint8_t byte) {
    uint64_t address = site->patch_address + offset;
    enum graft_status status = GRAFT_OK;
    if (writer->count > 0) {
        uint64_t last = writer->changes[writer->count - 1].address;
        if (writer->count == GR_WRITER_CHANGES || address <= last || address / PAGE != last / PAGE)
            status = gr_writer_flush(writer);
    }
    if (status == GRAFT_OK)
        writer->changes[writer->count++] = (struct gr_change){address, site, byte};
    return status;
}
