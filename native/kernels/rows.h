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

// Sums of products of two rows in float64: sixteen running sums, so that they fill vectors, added up in their order.
template <class Scalar>
inline __attribute__((always_inline)) double products(const Scalar* a, const Scalar* b, int64_t n) {
  double sums[16] = {};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int64_t k = 0; k < 16; ++k) sums[k] += static_cast<double>(a[i + k]) * static_cast<double>(b[i + k]);
  double sum = 0;
  for (const double part : sums) sum += part;
  for (; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace espalier
