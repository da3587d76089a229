// silu(gate) * up in one pass, of SwiGLU (arXiv 2002.05202): the forward pass.
#include <torch/library.h>

#include "rows.h"
#include "vectors.h"

namespace {

using espalier::Floats;
using espalier::kLanes;

ESPALIER_INLINE Floats of(Floats gate, Floats up) { return gate / (1.0f + espalier::exponential(-gate)) * up; }

ESPALIER_INLINE void silu_body(const float* gate, const float* up, float* y, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    __builtin_prefetch(gate + i + espalier::kAhead);
    __builtin_prefetch(up + i + espalier::kAhead);
    espalier::store(y + i, of(espalier::load(gate + i), espalier::load(up + i)));
  }
  if (i < n) espalier::store_some(y + i, of(espalier::load_some(gate + i, n - i, 0), espalier::load_some(up + i, n - i, 0)), n - i);
}
ESPALIER_ENTRIES(silu, (const float* gate, const float* up, float* y, int64_t n), (gate, up, y, n))

at::Tensor silu_mul(const at::Tensor& gate, const at::Tensor& up) {
  TORCH_CHECK(gate.sizes() == up.sizes(), "silu_mul: gate is ", gate.sizes(), " and up ", up.sizes(), ", they must be of one shape");
  TORCH_CHECK(gate.scalar_type() == at::kFloat && up.scalar_type() == at::kFloat, "silu_mul: gate is ", gate.scalar_type(), " and up ", up.scalar_type(),
              ", both must be float32");
  const at::Tensor a = gate.contiguous(), b = up.contiguous();
  at::Tensor y = at::empty(gate.sizes(), gate.options());
  const float *from_a = a.data_ptr<float>(), *from_b = b.data_ptr<float>();
  float* to = y.data_ptr<float>();
  const int64_t n = y.numel(), lines = (n + kLanes - 1) / kLanes;
  espalier::for_each(lines, 256, [&](int64_t first, int64_t last) {
    const int64_t begin = first * kLanes;
    silu(from_a + begin, from_b + begin, to + begin, std::min(n, last * kLanes) - begin);
  });
  return y;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(espalier, m) { m.def("silu_mul(Tensor gate, Tensor up) -> Tensor"); }
TORCH_LIBRARY_IMPL(espalier, CPU, m) { m.impl("silu_mul", silu_mul); }
