#ifndef SUMSCOPE_SERVER_ENGINE_RUNTIME_WIDE_H_
#define SUMSCOPE_SERVER_ENGINE_RUNTIME_WIDE_H_

// Compiles a function for the widest instructions of each kind of machine; the loader chooses, before a sanitizer could
// run. How many instructions a vector takes does not change the order of a sum.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__SANITIZE_ADDRESS__)
#define SUMSCOPE_WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SUMSCOPE_WIDE
#endif
// What such a function calls, compiled with it.
#define SUMSCOPE_WIDE_INLINE inline __attribute__((always_inline))

#endif  // SUMSCOPE_SERVER_ENGINE_RUNTIME_WIDE_H_
