// Root-mean-square norm (arXiv 1910.07467) of the last dimension in one pass: the forward pass.
#include <torch/library.h>

#include <cmath>

#include "rows.h"
#include "vectors.h"

namespace {

using espalier::Floats;
using espalier::kLanes;

ESPALIER_INLINE void norm_body(const float* x, const float* weight, float* y, int64_t rows, int64_t n, double epsilon) {
  for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
    Floats even = {}, odd = {};
    int64_t i = 0;
    for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
      __builtin_prefetch(x + i + espalier::kAhead);
      __builtin_prefetch(x + i + kLanes + espalier::kAhead);
      const Floats a = espalier::load(x + i), b = espalier::load(x + i + kLanes);
      even += a * a;
      odd += b * b;
    }
    float squares = espalier::sum(even + odd);
    for (; i < n; ++i) squares += x[i] * x[i];
    const float factor = static_cast<float>(1 / std::sqrt(static_cast<double>(squares) / static_cast<double>(n) + epsilon));
    for (i = 0; i + kLanes <= n; i += kLanes) espalier::store(y + i, espalier::load(x + i) * factor * espalier::load(weight + i));
    for (; i < n; ++i) y[i] = x[i] * factor * weight[i];
  }
}
ESPALIER_ENTRIES(norm, (const float* x, const float* weight, float* y, int64_t rows, int64_t n, double epsilon), (x, weight, y, rows, n, epsilon))

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  TORCH_CHECK(x.dim() > 0 && weight.dim() == 1 && weight.size(0) == x.size(-1), "rms_norm: x is ", x.sizes(), " and weight ", weight.sizes(),
              ", the weight must have the last dimension of x");
  TORCH_CHECK(x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat, "rms_norm: x is ", x.scalar_type(), " and weight ", weight.scalar_type(),
              ", both must be float32");
  const at::Tensor rows = x.contiguous(), factors = weight.contiguous();
  at::Tensor y = at::empty(x.sizes(), x.options());
  const int64_t n = x.size(-1);
  if (y.numel() == 0) return y;
  const float *from = rows.data_ptr<float>(), *by = factors.data_ptr<float>();
  float* to = y.data_ptr<float>();
  espalier::for_each(x.numel() / n, std::max<int64_t>(1, 4096 / n), [&](int64_t first, int64_t last) {
    norm(from + first * n, by, to + first * n, last - first, n, epsilon);
  });
  return y;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(espalier, m) { m.def("rms_norm(Tensor x, Tensor weight, float epsilon) -> Tensor"); }
TORCH_LIBRARY_IMPL(espalier, CPU, m) { m.impl("rms_norm", rms_norm); }
