/* test_identity.c: canonical identifiers lead to addresses, and only while their image is there: identity.c. */
#include "check.h"
#include "identity.h"

enum { IMAGES = 3 };

static struct graft_entry_point entry(const char *image, const char *build_id, uint64_t bias) {
    return (struct graft_entry_point){
        .address = bias + 0x40, .offset = 0x40, .image = image, .build_id = build_id, .symbol = "f", .name = "f"};
}

static const struct {
    const char *image, *build_id;
    uint64_t bias;
} images[IMAGES] = {
    {"/usr/lib/libone.so", "b1946ac9", 0x7f0000000000},
    {"/usr/lib/libtwo.so.1", "", 0x7f1000000000},
    {"/opt/odd+0x10:name", "", 0x7f2000000000},
};

static void add(unsigned number) {
    struct graft_entry_point made = entry(images[number].image, images[number].build_id, images[number].bias);
    CHECK_EQUAL(gr_identity_add(&made, number + 1), GRAFT_OK);
}

static uint64_t address_of(const char *identifier, const char *symbol) {
    size_t next = 0;
    uint64_t address;
    const char *found;
    if (!gr_identity_next(identifier, &next, &address, &found))
        return 0;
    CHECK_TEXT(found, symbol);
    return address;
}

static void an_identifier_leads_to_its_address(void) {
    for (unsigned i = 0; i < IMAGES; i++)
        add(i);
    CHECK_EQUAL(address_of("b1946ac9+0x1234:PQexec", "PQexec"), images[0].bias + 0x1234);
    CHECK_EQUAL(address_of("b1946ac9+0x0", ""), images[0].bias);
    CHECK_EQUAL(address_of("libtwo.so.1+0xabc:ns::f(int)", "ns::f(int)"), images[1].bias + 0xabc);
    CHECK_EQUAL(address_of("b1946ac9+0x10:odd+0x20:name", "odd+0x20:name"), images[0].bias + 0x10);
}

static void a_file_s_name_may_look_like_an_identifier(void) {
    CHECK_EQUAL(address_of("odd+0x10:name+0x77:f", "f"), images[2].bias + 0x77);
}

static void what_an_entry_point_is_called_leads_back_to_it(void) {
    for (unsigned i = 0; i < IMAGES; i++) {
        char text[128];
        struct graft_entry_point made = entry(images[i].image, images[i].build_id, images[i].bias);
        CHECK(graft_entry_point_identifier(&made, text, sizeof text) < sizeof text);
        CHECK_EQUAL(address_of(text, "f"), made.address);
    }
}

static void other_texts_lead_nowhere(void) {
    static const char *const others[] = {"", "+0x", "+0x10", "b1946ac9", "b1946ac9+0x", "b1946ac9+0x:f",
        "b1946ac9+0x12:", "b1946ac9+0x12g", "b1946ac9+0X12:f", "b1946ac90+0x12:f", "libone.so+0x12:f",
        "libtwo.so+0x12:f", "\xff+0x1:\xff"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK_EQUAL(address_of(others[i], ""), 0);
}

static void the_first_of_two_mappings_answers(void) {
    struct graft_entry_point again = entry(images[0].image, images[0].build_id, 0x7f3000000000);
    CHECK_EQUAL(gr_identity_add(&again, IMAGES + 1), GRAFT_OK);
    CHECK_EQUAL(address_of("b1946ac9+0x10:f", "f"), images[0].bias + 0x10);
    gr_identity_gone(IMAGES + 1);
    CHECK_EQUAL(address_of("b1946ac9+0x10:f", "f"), images[0].bias + 0x10);
}

static void an_image_that_is_gone_is_not_found(void) {
    gr_identity_gone(2);
    gr_identity_gone(2);
    CHECK_EQUAL(address_of("libtwo.so.1+0xabc:f", "f"), 0);
    CHECK_EQUAL(address_of("b1946ac9+0x10:f", "f"), images[0].bias + 0x10);
    add(1);
    CHECK_EQUAL(address_of("libtwo.so.1+0xabc:f", "f"), images[1].bias + 0xabc);
    CHECK_EQUAL(gr_epoch_reclaim(), 0);
}

static void more_images_than_there_is_room_for_are_refused(void) {
    struct graft_entry_point another = entry("/usr/lib/another.so", "c0ffee", 0x7f4000000000);
    CHECK_EQUAL(gr_identity_add(&another, 9), GRAFT_LIMIT_PROBES);
    CHECK_EQUAL(address_of("c0ffee+0x10:f", "f"), 0);
    gr_identity_gone(9);
}

int main(void) {
    CHECK_EQUAL(gr_identity_start(IMAGES), GRAFT_OK);
    RUN(an_identifier_leads_to_its_address);
    RUN(a_file_s_name_may_look_like_an_identifier);
    RUN(what_an_entry_point_is_called_leads_back_to_it);
    RUN(other_texts_lead_nowhere);
    RUN(the_first_of_two_mappings_answers);
    RUN(an_image_that_is_gone_is_not_found);
    RUN(more_images_than_there_is_room_for_are_refused);
    return 0;
}
