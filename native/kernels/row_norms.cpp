// The L2 norm of each row of the last dimension, in float64: of the heads of an attention output where they lie.
#include <torch/library.h>

#include <cmath>

#include "rows.h"

namespace {

#define ESPALIER_NORMS(name, scalar)                                                     \
  ESPALIER_WIDEST void name(const scalar* x, int64_t rows, int64_t stride, int64_t n, double* out) { \
    for (int64_t r = 0; r < rows; ++r) {                                                 \
      const scalar* row = x + r * stride;                                                \
      for (int64_t i = 0; i < n; i += 16) __builtin_prefetch(row + i + espalier::kAhead); \
      out[r] = std::sqrt(espalier::products(row, row, n));                               \
    }                                                                                    \
  }
ESPALIER_NORMS(norms_float, float)
ESPALIER_NORMS(norms_double, double)

void norms(const float* x, int64_t rows, int64_t stride, int64_t n, double* out) { norms_float(x, rows, stride, n, out); }

void norms(const double* x, int64_t rows, int64_t stride, int64_t n, double* out) { norms_double(x, rows, stride, n, out); }

template <class Scalar>
void row_norms_of(const at::Tensor& x, at::Tensor& out) {
  const int64_t B = x.size(0), T = x.size(1), N = x.size(2), H = x.size(3);
  const int64_t b_step = x.stride(0), t_step = x.stride(1), n_step = x.stride(2);
  const Scalar* from = x.data_ptr<Scalar>();
  double* to = out.data_ptr<double>();
  espalier::for_each(B * T, 16, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) norms(from + i / T * b_step + i % T * t_step, N, n_step, H, to + i * N);
  });
}

at::Tensor row_norms(const at::Tensor& x) {
  TORCH_CHECK(x.dim() == 4, "row_norms: x has ", x.dim(), " dimensions, it must have four");
  TORCH_CHECK(x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble, "row_norms: x is ", x.scalar_type(),
              ", it must be float32 or float64");
  const at::Tensor rows = x.stride(3) == 1 ? x : x.contiguous();
  at::Tensor out = at::empty({x.size(0), x.size(1), x.size(2)}, x.options().dtype(at::kDouble));
  if (x.scalar_type() == at::kFloat)
    row_norms_of<float>(rows, out);
  else
    row_norms_of<double>(rows, out);
  return out;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(espalier, m) { m.def("row_norms(Tensor x) -> Tensor"); }
TORCH_LIBRARY_IMPL(espalier, CPU, m) { m.impl("row_norms", row_norms); }
