// The loss of one token out of a row of logits, log sum exp(logits) - logits[target], in one read from memory: the forward pass.
#include <torch/library.h>

#include <cmath>

#include "rows.h"
#include "vectors.h"

namespace {

using espalier::Floats;
using espalier::kLanes;

// Terms that are added in float32 before they join the sum in float64.
constexpr int64_t kTerms = 1024;

ESPALIER_INLINE void losses_body(const float* x, const int64_t* targets, float* y, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r, x += n) {
    const int64_t whole = n / kLanes * kLanes, left = n - whole;
    const Floats end = left > 0 ? espalier::load_some(x + whole, left, -INFINITY) : espalier::all(-INFINITY);
    Floats tops = end;
    for (int64_t i = 0; i < whole; i += kLanes) {
      __builtin_prefetch(x + i + espalier::kAhead);
      tops = espalier::largest(espalier::load(x + i), tops);
    }
    const float top = espalier::largest(tops);
    double sum = espalier::sum(espalier::exponential(end - top));
    for (int64_t from = 0; from < whole; from += kTerms) {
      Floats even = {}, odd = {};
      const int64_t to = std::min(whole, from + kTerms);
      int64_t i = from;
      for (; i + 2 * kLanes <= to; i += 2 * kLanes) {
        even += espalier::exponential(espalier::load(x + i) - top);
        odd += espalier::exponential(espalier::load(x + i + kLanes) - top);
      }
      for (; i < to; i += kLanes) even += espalier::exponential(espalier::load(x + i) - top);
      sum += espalier::sum(even + odd);
    }
    y[r] = static_cast<float>(std::log(sum) + (static_cast<double>(top) - static_cast<double>(x[targets[r]])));
  }
}
ESPALIER_ENTRIES(losses, (const float* x, const int64_t* targets, float* y, int64_t rows, int64_t n), (x, targets, y, rows, n))

at::Tensor token_nll(const at::Tensor& logits, const at::Tensor& targets) {
  TORCH_CHECK(logits.dim() == 2 && targets.dim() == 1 && targets.size(0) == logits.size(0), "token_nll: logits are ", logits.sizes(), " and targets ",
              targets.sizes(), ", they must be [positions, vocabulary] and [positions]");
  TORCH_CHECK(logits.scalar_type() == at::kFloat && targets.scalar_type() == at::kLong, "token_nll: logits are ", logits.scalar_type(), " and targets ",
              targets.scalar_type(), ", they must be float32 and int64");
  const at::Tensor rows = logits.contiguous(), wanted = targets.contiguous();
  at::Tensor y = at::empty({logits.size(0)}, logits.options());
  const int64_t n = logits.size(1);
  const float* from = rows.data_ptr<float>();
  const int64_t* ids = wanted.data_ptr<int64_t>();
  float* to = y.data_ptr<float>();
  for (int64_t r = 0; r < y.size(0); ++r)
    TORCH_CHECK_INDEX(ids[r] >= 0 && ids[r] < n, "token_nll: target ", ids[r], " at ", r, " is not in the vocabulary of ", n);
  espalier::for_each(y.size(0), std::max<int64_t>(1, 16384 / n), [&](int64_t first, int64_t last) {
    losses(from + first * n, ids + first, to + first, last - first, n);
  });
  return y;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(espalier, m) { m.def("token_nll(Tensor logits, Tensor targets) -> Tensor"); }
TORCH_LIBRARY_IMPL(espalier, CPU, m) { m.impl("token_nll", token_nll); }
