// What importance needs of an activation, in one read of it: sums over positions of |x|, x² and x, per sample and unit, in float64.
#include <torch/library.h>

#include <cmath>

#include "rows.h"

namespace {

// Units whose three rows of sums stay in the first-level cache while the positions go by.
constexpr int64_t kUnits = 512;

using espalier::Doubles;
using espalier::eight;
using espalier::kDoubles;
using espalier::put;

inline __attribute__((always_inline)) Doubles magnitude(Doubles x) {
  typedef int64_t Longs __attribute__((vector_size(64)));
  return reinterpret_cast<Doubles>(reinterpret_cast<Longs>(x) & INT64_MAX);
}

// Adds four positions to the sums of some units, so that the sums go through memory once for four reads.
#define ESPALIER_ADD_FOUR(name, scalar)                                                                          \
  ESPALIER_WIDEST void name(const scalar* x, int64_t stride, int64_t units, double* absolute, double* squares,   \
                            double* sums) {                                                                      \
    const scalar *x0 = x, *x1 = x + stride, *x2 = x + 2 * stride, *x3 = x + 3 * stride;                          \
    int64_t u = 0;                                                                                               \
    for (; u + kDoubles <= units; u += kDoubles) {                                                               \
      /* The next four, which begin on other pages, where no processor looks by itself. */                         \
      __builtin_prefetch(x0 + 4 * stride + u);                                                                   \
      __builtin_prefetch(x1 + 4 * stride + u);                                                                   \
      __builtin_prefetch(x2 + 4 * stride + u);                                                                   \
      __builtin_prefetch(x3 + 4 * stride + u);                                                                   \
      const Doubles a = eight(x0 + u), b = eight(x1 + u), c = eight(x2 + u), d = eight(x3 + u);                  \
      put(absolute + u, eight(absolute + u) + ((magnitude(a) + magnitude(b)) + (magnitude(c) + magnitude(d))));  \
      put(squares + u, eight(squares + u) + ((a * a + b * b) + (c * c + d * d)));                                \
      put(sums + u, eight(sums + u) + ((a + b) + (c + d)));                                                      \
    }                                                                                                            \
    for (; u < units; ++u) {                                                                                     \
      const double a = x0[u], b = x1[u], c = x2[u], d = x3[u];                                                   \
      absolute[u] += (std::fabs(a) + std::fabs(b)) + (std::fabs(c) + std::fabs(d));                              \
      squares[u] += (a * a + b * b) + (c * c + d * d);                                                           \
      sums[u] += (a + b) + (c + d);                                                                              \
    }                                                                                                            \
  }
ESPALIER_ADD_FOUR(add_four_float, float)
ESPALIER_ADD_FOUR(add_four_double, double)

void add_four(const float* x, int64_t stride, int64_t units, double* a, double* q, double* s) {
  add_four_float(x, stride, units, a, q, s);
}

void add_four(const double* x, int64_t stride, int64_t units, double* a, double* q, double* s) {
  add_four_double(x, stride, units, a, q, s);
}

template <class Scalar>
void sums_of(const Scalar* x, int64_t positions, int64_t stride, int64_t units, double* absolute, double* squares, double* sums) {
  std::fill_n(absolute, units, 0.0);
  std::fill_n(squares, units, 0.0);
  std::fill_n(sums, units, 0.0);
  int64_t t = 0;
  for (; t + 4 <= positions; t += 4) add_four(x + t * stride, stride, units, absolute, squares, sums);
  for (; t < positions; ++t)
    for (int64_t u = 0; u < units; ++u) {
      const double value = x[t * stride + u];
      absolute[u] += std::fabs(value);
      squares[u] += value * value;
      sums[u] += value;
    }
}

template <class Scalar>
void unit_sums_of(const at::Tensor& x, at::Tensor& out) {
  const int64_t B = x.size(0), T = x.size(1), U = x.size(2), pieces = (U + kUnits - 1) / kUnits;
  const Scalar* from = x.data_ptr<Scalar>();
  double* to = out.data_ptr<double>();
  espalier::for_each(B * pieces, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t b = i / pieces, u = i % pieces * kUnits, at = b * U + u;
      sums_of(from + b * T * U + u, T, U, std::min(kUnits, U - u), to + at, to + B * U + at, to + 2 * B * U + at);
    }
  });
}

at::Tensor unit_sums(const at::Tensor& x) {
  TORCH_CHECK(x.dim() == 3, "unit_sums: x has ", x.dim(), " dimensions, it must be [samples, positions, units]");
  TORCH_CHECK(x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble, "unit_sums: x is ", x.scalar_type(),
              ", it must be float32 or float64");
  const at::Tensor rows = x.contiguous();
  at::Tensor out = at::empty({3, x.size(0), x.size(2)}, x.options().dtype(at::kDouble));
  if (x.scalar_type() == at::kFloat)
    unit_sums_of<float>(rows, out);
  else
    unit_sums_of<double>(rows, out);
  return out;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(espalier, m) { m.def("unit_sums(Tensor x) -> Tensor"); }
TORCH_LIBRARY_IMPL(espalier, CPU, m) { m.impl("unit_sums", unit_sums); }
