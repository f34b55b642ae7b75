/* test_around_keep.c: with each kind of thunk, an around-probe changes no register that its kind keeps, but for the
 * result's; stack arguments arrive; the call is made on any alignment of the stack. */
#include "around.h"
#include "attach.h"
#include "core.h"
#include "registers.h"

enum { SUM = 1, ADD = 2 };

/* Uses the registers that a compiler would, and those that it might. */
static void scramble(void) {
    __asm__ volatile("pxor %%xmm0, %%xmm0; movdqa %%xmm0, %%xmm1; movdqa %%xmm0, %%xmm2; movdqa %%xmm0, %%xmm7;"
                     "movdqa %%xmm0, %%xmm8; movdqa %%xmm0, %%xmm15; xor %%r8d, %%r8d; xor %%r9d, %%r9d;"
                     "xor %%r10d, %%r10d; xor %%r11d, %%r11d"
                     :
                     :
                     : "xmm0", "xmm1", "xmm2", "xmm7", "xmm8", "xmm15", "r8", "r9", "r10", "r11");
}

static void on_call(struct graft_around *call, void *context) {
    int *calls = context;
    ++*calls;
    if (graft_around_argument_count(call) == 8)
        *(int64_t *)graft_around_argument(call, 7, NULL) += 1000;
    graft_around_original(call);
    scramble();
}

static struct gr_site *put_around(const char *name, const char *signature, enum gr_keep keep, int *calls) {
    struct gr_site *site, *failed;
    struct gr_around *around;
    struct gr_around_port *port;
    const struct graft_probe_spec spec = {.signature = signature, .around = on_call, .context = calls};
    CHECK_EQUAL(core_prepare(name, keep, &site), GRAFT_OK);
    site->keep = keep; /* also the widest kind, on a machine that does not need it */
    CHECK_EQUAL(gr_around_make(&spec, &around), GRAFT_OK);
    CHECK_EQUAL(gr_around_port(site, around, NULL, &port), GRAFT_OK);
    struct gr_attachment *attachment = calloc(1, sizeof *attachment);
    *attachment = (struct gr_attachment){.probe = 1, .mode = GRAFT_MODE_AROUND, .around = around, .port = port};
    CHECK_EQUAL(gr_attach(site, attachment), GRAFT_OK);
    gr_patch_aim(site, gr_attach_stub(site));
    CHECK_EQUAL(gr_patch_commit(&site, 1, &failed), GRAFT_OK);
    return site;
}

static void take_away(struct gr_site *site) {
    struct gr_attachment *attachment = atomic_load(&site->attachments)->item[0];
    CHECK_EQUAL(gr_patch_restore(&site, 1), GRAFT_OK);
    struct gr_around *around = attachment->around;
    CHECK_EQUAL(gr_detach(site, attachment), GRAFT_OK);
    gr_around_retire(around);
    gr_around_forget(site);
    gr_patch_forget(site); /* nobody is in its stub: all calls were made here */
    gr_epoch_reclaim();
    gr_around_release_finished();
}

static struct registers pattern(void) {
    struct registers registers;
    uint64_t *word = (uint64_t *)(void *)&registers;
    for (size_t i = 0; i < sizeof registers / sizeof *word; i++)
        word[i] = i + 1;
    for (int i = 0; i < 16; i++) {
        double value = i + 0.5;
        memcpy(&registers.ymm[i][0], &value, sizeof value);
    }
    return registers;
}

static void compare(const struct registers *before, const struct registers *after, bool wide) {
    CHECK_EQUAL(before->rcx, after->rcx);
    CHECK_EQUAL(before->rdx, after->rdx);
    CHECK_EQUAL(before->rsi, after->rsi);
    CHECK_EQUAL(before->rdi, after->rdi);
    CHECK_EQUAL(before->r8, after->r8);
    CHECK_EQUAL(before->r9, after->r9);
    CHECK_EQUAL(before->r10, after->r10);
    CHECK_EQUAL(before->r11, after->r11);
    for (int i = 1; i < 16; i++)
        CHECK(memcmp(before->ymm[i], after->ymm[i], wide ? 32 : 16) == 0);
}

static enum gr_keep keep;

static void an_integer_function_keeps_every_other_register(void) {
    int calls = 0;
    bool wide = keep >= GR_KEEP_AVX;
    struct gr_site *site = put_around("registers_sum", "i64(i64,i64,i64,i64,i64,i64,i64,i64)", keep, &calls);
    struct registers before = pattern(), after = pattern();
    registers_call((void (*)(void))(uintptr_t)registers_sum, &before, &after, wide);
    CHECK_EQUAL(calls, 1);
    CHECK_EQUAL(after.rax, before.rdi + before.rsi + before.rdx + before.rcx + before.r8 + before.r9 + before.stack[0] +
                               before.stack[1] + 1000);
    compare(&before, &after, wide);
    CHECK(memcmp(before.ymm[0], after.ymm[0], 16) == 0);
    take_away(site);
}

static void a_floating_function_keeps_every_other_register(void) {
    int calls = 0;
    bool wide = keep >= GR_KEEP_AVX;
    struct gr_site *site = put_around("registers_add", "f64(f64,f64)", keep, &calls);
    struct registers before = pattern(), after = pattern();
    registers_call((void (*)(void))(uintptr_t)registers_add, &before, &after, wide);
    double sum;
    memcpy(&sum, after.ymm[0], sizeof sum);
    CHECK(calls == 1 && sum == 0.5 + 1.5);
    compare(&before, &after, wide);
    CHECK_EQUAL(before.rax, after.rax);
    take_away(site);
}

static void the_plain_kind_passes_arguments_and_results(void) {
    int calls = 0;
    struct gr_site *site = put_around("registers_sum", "i64(i64,i64,i64,i64,i64,i64,i64,i64)", GR_KEEP_ABI, &calls);
    CHECK_EQUAL(registers_sum(1, 2, 3, 4, 5, 6, 7, 8), 1036);
    CHECK_EQUAL(calls, 1);
    take_away(site);
    CHECK_EQUAL(registers_sum(1, 2, 3, 4, 5, 6, 7, 8), 36);
}

int main(void) {
    core_start();
    enum gr_keep last = gr_arch_keep_limit() >= GR_KEEP_AVX ? GR_KEEP_XSAVE : GR_KEEP_ALL;
    for (keep = GR_KEEP_ALL; keep <= last; keep++) {
        RUN(an_integer_function_keeps_every_other_register);
        RUN(a_floating_function_keeps_every_other_register);
    }
    RUN(the_plain_kind_passes_arguments_and_results);
    return 0;
}
