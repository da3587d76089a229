// Sixteen floats at a time, in the compiler's own vectors: one source for all machines, which the compiler cuts into the registers that there are.
#pragma once
#include <cstdint>
#include <cstring>

// One source, three machines: a kernel is written as an inline template over its tile, entered through one function for each machine, chosen at the call.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define ESPALIER_V4 __attribute__((target("arch=x86-64-v4")))
#define ESPALIER_V3 __attribute__((target("arch=x86-64-v3")))
#define ESPALIER_HAS_V4 __builtin_cpu_supports("x86-64-v4")
#define ESPALIER_HAS_V3 __builtin_cpu_supports("x86-64-v3")
#else
#define ESPALIER_V4
#define ESPALIER_V3
#define ESPALIER_HAS_V4 false
#define ESPALIER_HAS_V3 false
#endif
#define ESPALIER_INLINE inline __attribute__((always_inline))

// A function over rows, whose loops need no tile: NAME(parameters) with its body, as one entry for each machine behind the name.
#define ESPALIER_ENTRIES(name, parameters, arguments)           \
  ESPALIER_V4 void name##_v4 parameters { name##_body arguments; } \
  ESPALIER_V3 void name##_v3 parameters { name##_body arguments; } \
  void name##_v1 parameters { name##_body arguments; }          \
  void name parameters {                                        \
    if (ESPALIER_HAS_V4)                                        \
      name##_v4 arguments;                                      \
    else if (ESPALIER_HAS_V3)                                   \
      name##_v3 arguments;                                      \
    else                                                        \
      name##_v1 arguments;                                      \
  }

namespace espalier {

constexpr int64_t kLanes = 16;

typedef float Floats __attribute__((vector_size(64)));
typedef int32_t Ints __attribute__((vector_size(64)));
typedef float FloatsAnywhere __attribute__((vector_size(64), aligned(4), may_alias));

ESPALIER_INLINE Floats load(const float* from) { return *reinterpret_cast<const FloatsAnywhere*>(from); }

ESPALIER_INLINE void store(float* to, Floats x) { *reinterpret_cast<FloatsAnywhere*>(to) = x; }

ESPALIER_INLINE Floats all(float x) { return Floats{} + x; }

// The first n < 16 elements, and `rest` behind them.
ESPALIER_INLINE Floats load_some(const float* from, int64_t n, float rest) {
  float lanes[kLanes];
  for (int64_t i = 0; i < kLanes; ++i) lanes[i] = i < n ? from[i] : rest;
  return load(lanes);
}

ESPALIER_INLINE void store_some(float* to, Floats x, int64_t n) {
  float lanes[kLanes];
  store(lanes, x);
  for (int64_t i = 0; i < n; ++i) to[i] = lanes[i];
}

ESPALIER_INLINE Floats largest(Floats a, Floats b) { return a > b ? a : b; }

// The upper half over the lower one, four times: sixteen lanes to one.
#define ESPALIER_FOLD(x, with)                                                                                   \
  x = with(x, __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));              \
  x = with(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));              \
  x = with(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));              \
  x = with(x, __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));

ESPALIER_INLINE Floats plus(Floats a, Floats b) { return a + b; }

ESPALIER_INLINE float sum(Floats x) {
  ESPALIER_FOLD(x, plus)
  return x[0];
}

ESPALIER_INLINE float largest(Floats x) {
  ESPALIER_FOLD(x, largest)
  return x[0];
}

// e to the x, within two units in the last place: x = n ln 2 + r, the series of e^r to the seventh power (|r| <= 0.35 leaves 5e-9), and 2^n by the exponent's bits.
// Below the smallest normal number 0, above e^88.37 infinity; NaN stays NaN.
ESPALIER_INLINE Floats exponential(Floats x) {
  const Floats low = all(-87.33654f), high = all(88.37f), magic = all(12582912.0f);  // 1.5 x 2^23: adding it rounds to whole numbers
  const Floats shifted = x * 1.44269504f + magic, n = shifted - magic;
  const Floats r = (x - n * 0.693145752f) - n * 1.42860677e-6f;
  Floats p = all(1.0f / 5040);
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  Ints bits, base;
  std::memcpy(&bits, &shifted, sizeof bits);
  std::memcpy(&base, &magic, sizeof base);
  const Ints exponent = (bits - base + 127) << 23;
  Floats power;
  std::memcpy(&power, &exponent, sizeof power);
  const Floats y = x > high ? all(__builtin_inff()) : p * power;
  return x < low ? Floats{} : y;
}

}  // namespace espalier
