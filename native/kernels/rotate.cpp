// Rotary position embedding (arXiv 2104.09864) in the halves convention, in one pass: the forward pass.
#include <torch/library.h>

#include "rows.h"
#include "vectors.h"

namespace {

using espalier::Floats;
using espalier::kLanes;

// The heads of one position: entry i turns with entry i + half, the entries behind the two halves stay.
ESPALIER_INLINE void turn_body(const float* x, int64_t step, const float* cos, const float* sin, float* y, int64_t heads, int64_t half, int64_t n) {
  for (int64_t head = 0; head < heads; ++head, x += step, y += n) {
    int64_t i = 0;
    for (; i + kLanes <= half; i += kLanes) {
      const Floats a = espalier::load(x + i), b = espalier::load(x + half + i), c = espalier::load(cos + i), s = espalier::load(sin + i);
      espalier::store(y + i, a * c - b * s);
      espalier::store(y + half + i, b * c + a * s);
    }
    for (; i < half; ++i) {
      const float a = x[i], b = x[half + i];
      y[i] = a * cos[i] - b * sin[i];
      y[half + i] = b * cos[i] + a * sin[i];
    }
    for (i = 2 * half; i < n; ++i) y[i] = x[i];
  }
}
ESPALIER_ENTRIES(turn, (const float* x, int64_t step, const float* cos, const float* sin, float* y, int64_t heads, int64_t half, int64_t n),
                 (x, step, cos, sin, y, heads, half, n))

at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  TORCH_CHECK(x.dim() == 4, "rotate: x has ", x.dim(), " dimensions, it must be [samples, positions, heads, entries]");
  TORCH_CHECK(x.scalar_type() == at::kFloat && cos.scalar_type() == at::kFloat && sin.scalar_type() == at::kFloat, "rotate: x is ", x.scalar_type(), ", cos ",
              cos.scalar_type(), " and sin ", sin.scalar_type(), ", all must be float32");
  const int64_t B = x.size(0), T = x.size(1), N = x.size(2), H = x.size(3), half = cos.dim() > 0 ? cos.size(-1) : 0;
  const bool own = cos.dim() == 4;  // a table for each sample
  TORCH_CHECK((own || cos.dim() == 3) && cos.sizes() == sin.sizes() && cos.size(-2) == 1 && cos.size(-3) == T && (!own || cos.size(0) == B) && 2 * half <= H,
              "rotate: x is ", x.sizes(), ", cos ", cos.sizes(), " and sin ", sin.sizes(), ", the tables must be [positions, 1, half] or [samples, positions, 1, half]");
  const at::Tensor rows = x.stride(3) == 1 ? x : x.contiguous(), c = cos.contiguous(), s = sin.contiguous();
  at::Tensor y = at::empty({B, T, N, H}, x.options());
  const float *from = rows.data_ptr<float>(), *from_c = c.data_ptr<float>(), *from_s = s.data_ptr<float>();
  float* to = y.data_ptr<float>();
  const int64_t b_step = rows.stride(0), t_step = rows.stride(1), n_step = rows.stride(2);
  espalier::for_each(B * T, 16, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t at = (own ? i : i % T) * half;
      turn(from + i / T * b_step + i % T * t_step, n_step, from_c + at, from_s + at, to + i * N * H, N, half, H);
    }
  });
  return y;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(espalier, m) { m.def("rotate(Tensor x, Tensor cos, Tensor sin) -> Tensor"); }
TORCH_LIBRARY_IMPL(espalier, CPU, m) { m.impl("rotate", rotate); }
