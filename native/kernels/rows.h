// What kernels over rows share: the widest vectors of the machine, threads, and sums of products with the same bits on all of them.
#pragma once
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

// Chosen when the library is loaded; sums are made in one order on all of them.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define ESPALIER_WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define ESPALIER_WIDEST
#endif

namespace espalier {

// Each index is worked on by one thread: the number of threads does not show.
template <class Body>
void for_each(int64_t count, int64_t grain, const Body& body) {
#ifdef _OPENMP
  at::parallel_for(0, count, grain, body);
#else
  (void)grain;
  if (count > 0) body(0, count);
#endif
}

// Elements ahead at which a kernel asks for what it will read: the next pages, where no processor looks by itself.
constexpr int64_t kAhead = 1024;

constexpr int64_t kDoubles = 8;

typedef double Doubles __attribute__((vector_size(64)));
typedef double DoublesAnywhere __attribute__((vector_size(64), aligned(8), may_alias));

// Eight elements in float64.
inline __attribute__((always_inline)) Doubles eight(const double* from) { return *reinterpret_cast<const DoublesAnywhere*>(from); }

inline __attribute__((always_inline)) Doubles eight(const float* from) {
  Doubles x;  // a loop becomes one instruction; __builtin_convertvector of GCC 12 several
  for (int64_t i = 0; i < kDoubles; ++i) x[i] = from[i];
  return x;
}

inline __attribute__((always_inline)) void put(double* to, Doubles x) { *reinterpret_cast<DoublesAnywhere*>(to) = x; }

// By halves: the same order on all machines.
inline __attribute__((always_inline)) double total(Doubles x) {
  x += __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
  x += __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5);
  return x[0] + x[1];
}

// Sums of products of two rows in float64.
template <class Scalar>
inline __attribute__((always_inline)) double products(const Scalar* a, const Scalar* b, int64_t n) {
  Doubles even = {}, odd = {};
  int64_t i = 0;
  for (; i + 2 * kDoubles <= n; i += 2 * kDoubles) {
    even += eight(a + i) * eight(b + i);
    odd += eight(a + i + kDoubles) * eight(b + i + kDoubles);
  }
  double sum = total(even + odd);
  for (; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace espalier
