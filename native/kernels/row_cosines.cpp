// The cosine between rows of two tensors, in float64 and one read of each: how far a block turns the residual stream.
#include <torch/library.h>

#include <cmath>

#include "rows.h"

namespace {

using espalier::Doubles;
using espalier::eight;
using espalier::kDoubles;

// The three sums of a pair of rows in one read.
template <class Scalar>
inline __attribute__((always_inline)) double cosine(const Scalar* a, const Scalar* b, int64_t n) {
  Doubles across = {}, of_a = {}, of_b = {};
  int64_t i = 0;
  for (; i + kDoubles <= n; i += kDoubles) {
    __builtin_prefetch(a + i + espalier::kAhead);
    __builtin_prefetch(b + i + espalier::kAhead);
    const Doubles x = eight(a + i), y = eight(b + i);
    across += x * y;
    of_a += x * x;
    of_b += y * y;
  }
  double ab = espalier::total(across), aa = espalier::total(of_a), bb = espalier::total(of_b);
  for (; i < n; ++i) {
    const double x = a[i], y = b[i];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / (std::sqrt(aa) * std::sqrt(bb));
}

#define ESPALIER_COSINES(name, scalar)                                                               \
  ESPALIER_WIDEST void name(const scalar* a, const scalar* b, int64_t rows, int64_t n, double* out) { \
    for (int64_t r = 0; r < rows; ++r, a += n, b += n) out[r] = cosine(a, b, n);                     \
  }
ESPALIER_COSINES(cosines_float, float)
ESPALIER_COSINES(cosines_double, double)

void cosines(const float* a, const float* b, int64_t rows, int64_t n, double* out) { cosines_float(a, b, rows, n, out); }

void cosines(const double* a, const double* b, int64_t rows, int64_t n, double* out) { cosines_double(a, b, rows, n, out); }

template <class Scalar>
void row_cosines_of(const at::Tensor& a, const at::Tensor& b, at::Tensor& out) {
  const int64_t n = a.size(-1);
  const Scalar *from_a = a.data_ptr<Scalar>(), *from_b = b.data_ptr<Scalar>();
  double* to = out.data_ptr<double>();
  espalier::for_each(out.numel(), 16, [&](int64_t first, int64_t last) {
    cosines(from_a + first * n, from_b + first * n, last - first, n, to + first);
  });
}

at::Tensor row_cosines(const at::Tensor& a, const at::Tensor& b) {
  TORCH_CHECK(a.dim() > 0 && a.sizes() == b.sizes(), "row_cosines: a is ", a.sizes(), " and b ", b.sizes(), ", they must be of one shape");
  TORCH_CHECK(a.scalar_type() == b.scalar_type() && (a.scalar_type() == at::kFloat || a.scalar_type() == at::kDouble), "row_cosines: a is ",
              a.scalar_type(), " and b ", b.scalar_type(), ", both must be float32 or float64");
  const at::Tensor first = a.contiguous(), second = b.contiguous();
  at::Tensor out = at::empty(a.sizes().slice(0, a.dim() - 1), a.options().dtype(at::kDouble));
  if (a.scalar_type() == at::kFloat)
    row_cosines_of<float>(first, second, out);
  else
    row_cosines_of<double>(first, second, out);
  return out;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(espalier, m) { m.def("row_cosines(Tensor a, Tensor b) -> Tensor"); }
TORCH_LIBRARY_IMPL(espalier, CPU, m) { m.impl("row_cosines", row_cosines); }
