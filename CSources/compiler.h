/* compiler.h: the only place for compiler extensions. */
#ifndef GR_COMPILER_H
#define GR_COMPILER_H

#define GR_PUBLIC __attribute__((visibility("default")))
#define GR_LIKELY(x) __builtin_expect(!!(x), 1)
#define GR_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define GR_NOINLINE __attribute__((noinline))
#define GR_CACHE_LINE 64
#define GR_ALIGNED(n) __attribute__((aligned(n)))
#define GR_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define GR_WEAK __attribute__((weak))
#define GR_UNUSED __attribute__((unused))
/* Makes code that was written visible to instruction fetches. Nothing where caches agree. */
#define GR_SHOW_CODE(start, size) __builtin___clear_cache((char *)(start), (char *)(start) + (size))
#define GR_CONSTRUCTOR __attribute__((constructor))
#define GR_DESTRUCTOR __attribute__((destructor))
/* For thread-local storage that is reached without a call, also in a library that was loaded late: a few words. */
#define GR_TLS_MODEL __attribute__((tls_model("initial-exec")))

/* Where the compiler's sanitizer watches malloc (heap.h). */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GR_WATCHED_HEAP
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GR_WATCHED_HEAP
#endif
#endif

#endif
