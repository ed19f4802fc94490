/*
 * What the compiler optimizes for. Cold code runs once, or waits for the serial line: between KWS_COLD_BEGIN and
 * KWS_COLD_END functions are compiled for size, whatever the flags say. In hot code no loop is unrolled
 * (-fno-unroll-loops) but one that stands behind KWS_UNROLL(n), n times.
 */
#ifndef KWS_OPTIMIZE_H
#define KWS_OPTIMIZE_H

#define KWS_PRAGMA(text) _Pragma(#text)

#if defined(__clang__)
#define KWS_COLD_BEGIN KWS_PRAGMA(clang attribute push(__attribute__((minsize)), apply_to = function))
#define KWS_COLD_END KWS_PRAGMA(clang attribute pop)
#define KWS_UNROLL(n) KWS_PRAGMA(clang loop unroll_count(n))
#elif defined(__GNUC__)
#define KWS_COLD_BEGIN KWS_PRAGMA(GCC push_options) KWS_PRAGMA(GCC optimize("Os"))
#define KWS_COLD_END KWS_PRAGMA(GCC pop_options)
#define KWS_UNROLL(n) KWS_PRAGMA(GCC unroll n)
#else
#define KWS_COLD_BEGIN
#define KWS_COLD_END
#define KWS_UNROLL(n)
#endif

#endif
