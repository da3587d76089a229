// Causal grouped-query attention without the matrix of scores: the forward pass, in blocks of queries and keys with a running softmax (arXiv 2205.14135), where keys
// that a query does not see are never multiplied.
#include <torch/library.h>

#include <cmath>
#include <limits>
#include <vector>

#include "rows.h"
#include "vectors.h"

namespace {

using espalier::Floats;
using espalier::kLanes;

// Queries that share a packed block of keys, and keys in a block: both of them, for one head, stay in the second-level cache.
constexpr int64_t kQueries = 256, kKeys = 512;

constexpr int64_t up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }

struct Problem {
  const float *q, *k, *v;            // [B, T, N, H], [B, S, K, H], [B, S, K, H], rows of H contiguous
  float* y;                          // [B, T, N, H], contiguous
  int64_t T, S, N, K, H, window;     // window: keys that a query sees, itself included
  int64_t q_steps[3], k_steps[3], v_steps[3];
  float scale;
};

// One head's queries [first, last) of one sample, all query heads of a group.
struct Task {
  int64_t b, head, first, last;
};

// C[R][16 W] += A[R][depth] B[depth][16 W], B in rows of 16 W.
template <int R, int W>
ESPALIER_INLINE void multiply(const float* a, int64_t a_step, const float* b, int64_t depth, Floats (&c)[R][W]) {
  for (int64_t d = 0; d < depth; ++d, b += W * kLanes) {
    Floats row[W];
    for (int w = 0; w < W; ++w) row[w] = espalier::load(b + w * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
      for (int w = 0; w < W; ++w) c[r][w] += a[r * a_step + d] * row[w];
  }
}

// Floats that begin on a cache line.
class Lines {
 public:
  void resize(int64_t n) { lines_.resize((n + kLanes - 1) / kLanes); }
  float* data() { return lines_.data()->floats; }

 private:
  struct alignas(64) Line {
    float floats[kLanes];
  };
  std::vector<Line> lines_;
};

// Scratch of a thread.
struct Scratch {
  Lines keys, values, queries, scores, tops, sums;
};

// Keys [from, to) as panels [.][H][16 W] with the keys in the lanes; keys of no one are zero.
template <int W>
ESPALIER_INLINE void pack_keys(const Problem& p, const Task& task, int64_t from, int64_t to, float* out) {
  constexpr int64_t wide = W * kLanes;
  const float* k = p.k + task.b * p.k_steps[0] + task.head * p.k_steps[2];
  for (int64_t s = from; s < to; s += wide, out += p.H * wide)
    for (int64_t lane = 0; lane < wide; ++lane) {
      const float* key = k + (s + lane) * p.k_steps[1];
      for (int64_t h = 0; h < p.H; ++h) out[h * wide + lane] = s + lane < to ? key[h] : 0;
    }
}

// Values [from, to) as panels [.][keys][16 W] with the entries of a head in the lanes; entries of no one are zero.
template <int W>
ESPALIER_INLINE void pack_values(const Problem& p, const Task& task, int64_t from, int64_t to, int64_t keys, float* out) {
  constexpr int64_t wide = W * kLanes;
  const float* v = p.v + task.b * p.v_steps[0] + task.head * p.v_steps[2];
  for (int64_t h = 0; h < p.H; h += wide, out += keys * wide) {
    const int64_t there = std::min<int64_t>(wide, p.H - h);
    for (int64_t s = 0; s < to - from; ++s) {
      const float* value = v + (from + s) * p.v_steps[1] + h;
      if (there == wide)
        for (int w = 0; w < W; ++w) espalier::store(out + s * wide + w * kLanes, espalier::load(value + w * kLanes));
      else
        for (int64_t lane = 0; lane < wide; ++lane) out[s * wide + lane] = lane < there ? value[lane] : 0;
    }
    std::fill(out + (to - from) * wide, out + keys * wide, 0.0f);
  }
}

// R queries of one head against the packed keys [from, to): softmax and sum of values go on from where the keys before left them.
template <int R, int W>
ESPALIER_INLINE void attend(const Problem& p, const Task& task, int64_t g, int64_t t, int64_t from, int64_t to, Scratch& own) {
  constexpr int64_t wide = W * kLanes;
  const int64_t rows = std::min<int64_t>(R, task.last - t), G = p.N / p.K, n = task.head * G + g;
  const int64_t past = p.S - p.T, keys = up(to - from, wide);
  // The panels that some row sees.
  const int64_t begin = std::max<int64_t>(from, past + t - p.window + 1), end = std::min(to, past + t + rows);
  if (begin >= end) return;
  const int64_t low = (begin - from) / wide * wide, high = up(end - from, wide);
  const bool first = std::max<int64_t>(0, past + t - p.window + 1) >= from, last = end == past + t + rows;

  float *queries = own.queries.data(), *scores = own.scores.data();
  for (int64_t r = 0; r < R; ++r) {
    const float* q = p.q + task.b * p.q_steps[0] + (t + r) * p.q_steps[1] + n * p.q_steps[2];
    for (int64_t h = 0; h < p.H; ++h) queries[r * p.H + h] = r < rows ? q[h] : 0;
  }
  for (int64_t s = low; s < high; s += wide) {
    Floats c[R][W] = {};
    multiply<R, W>(queries, p.H, own.keys.data() + s * p.H, p.H, c);
    for (int r = 0; r < R; ++r)
      for (int w = 0; w < W; ++w) espalier::store(scores + r * kKeys + s + w * kLanes, c[r][w]);
  }

  float *tops = own.tops.data() + g * kQueries + (t - task.first), *sums = own.sums.data() + g * kQueries + (t - task.first);
  float kept[R], shares[R];
  for (int64_t r = 0; r < R; ++r) {
    kept[r] = 0;
    shares[r] = 0;
    float* row = scores + r * kKeys;
    if (r >= rows) {
      std::fill(row + low, row + high, 0.0f);
      continue;
    }
    // Keys behind the query, and those that its window has passed, are no one's.
    const int64_t position = past + t + r, visible = std::min(to, position + 1) - from;
    const int64_t passed = std::max<int64_t>(0, position - p.window + 1 - from);
    for (int64_t s = low; s < std::min(passed, high); ++s) row[s] = -std::numeric_limits<float>::infinity();
    for (int64_t s = std::max(low, visible); s < high; ++s) row[s] = -std::numeric_limits<float>::infinity();
    const float before = first ? -std::numeric_limits<float>::infinity() : tops[r];
    if (visible <= passed) {  // none of these keys, which are all behind the query or all before its window: then nothing was seen so far
      std::fill(row + low, row + high, 0.0f);
      if (visible > 0) {
        tops[r] = before;
        sums[r] = 0;
      } else {
        kept[r] = 1;
        shares[r] = last ? 1 / sums[r] : 1;
      }
      continue;
    }
    Floats top = espalier::load(row + low);
    for (int64_t s = low + kLanes; s < high; s += kLanes) top = espalier::largest(top, espalier::load(row + s));
    const float now = std::max(before, espalier::largest(top) * p.scale);
    const Floats scale = espalier::all(p.scale), shift = espalier::all(now);
    Floats total = {};
    for (int64_t s = low; s < high; s += kLanes) {
      const Floats e = espalier::exponential(espalier::load(row + s) * scale - shift);
      espalier::store(row + s, e);
      total += e;
    }
    kept[r] = std::exp(before - now);
    tops[r] = now;
    sums[r] = (first ? 0 : sums[r] * kept[r]) + espalier::sum(total);
    shares[r] = last ? 1 / sums[r] : 1;
  }

  float* y = p.y + ((task.b * p.T + t) * p.N + n) * p.H;
  for (int64_t h = 0; h < p.H; h += wide) {
    Floats c[R][W] = {};
    multiply<R, W>(scores + low, kKeys, own.values.data() + h * keys + low * wide, high - low, c);
    for (int64_t r = 0; r < rows; ++r)
      for (int w = 0; w < W; ++w) {
        float* to_y = y + r * p.N * p.H + h + w * kLanes;
        const int64_t there = std::min<int64_t>(kLanes, p.H - h - w * kLanes);
        if (there <= 0) continue;
        if (there == kLanes) {
          const Floats carried = first ? c[r][w] : espalier::load(to_y) * kept[r] + c[r][w];
          espalier::store(to_y, carried * shares[r]);
        } else {
          const Floats carried = first ? c[r][w] : espalier::load_some(to_y, there, 0) * kept[r] + c[r][w];
          espalier::store_some(to_y, carried * shares[r], there);
        }
      }
  }
}

template <int R, int W>
ESPALIER_INLINE void run(const Problem& p, const Task& task, Scratch& own) {
  constexpr int64_t wide = W * kLanes;
  const int64_t G = p.N / p.K, past = p.S - p.T;
  own.keys.resize(kKeys * p.H);
  own.values.resize(kKeys * up(p.H, wide));
  own.queries.resize(R * p.H);
  own.scores.resize(R * kKeys);
  own.tops.resize(G * kQueries);
  own.sums.resize(G * kQueries);
  const int64_t seen_first = std::max<int64_t>(0, past + task.first - p.window + 1) / kKeys * kKeys;
  for (int64_t from = seen_first; from < past + task.last; from += kKeys) {
    const int64_t to = std::min(past + task.last, from + kKeys);
    pack_keys<W>(p, task, from, to, own.keys.data());
    pack_values<W>(p, task, from, to, up(to - from, wide), own.values.data());
    for (int64_t g = 0; g < G; ++g)
      for (int64_t t = task.first; t < task.last; t += R) attend<R, W>(p, task, g, t, from, to, own);
  }
}

ESPALIER_V4 void run_v4(const Problem& p, const Task& task, Scratch& own) { run<8, 2>(p, task, own); }
ESPALIER_V3 void run_v3(const Problem& p, const Task& task, Scratch& own) { run<4, 1>(p, task, own); }
void run_v1(const Problem& p, const Task& task, Scratch& own) { run<2, 1>(p, task, own); }

at::Tensor causal_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale, c10::optional<int64_t> window) {
  for (const auto& [name, x] : {std::pair<const char*, const at::Tensor&>{"q", q}, {"k", k}, {"v", v}}) {
    TORCH_CHECK(x.dim() == 4, "causal_attention: ", name, " has ", x.dim(), " dimensions, it must be [samples, positions, heads, entries]");
    TORCH_CHECK(x.scalar_type() == at::kFloat, "causal_attention: ", name, " is ", x.scalar_type(), ", it must be float32");
  }
  const int64_t B = q.size(0), T = q.size(1), N = q.size(2), H = q.size(3), S = k.size(1), K = k.size(2);
  TORCH_CHECK(k.sizes() == v.sizes() && k.size(0) == B && k.size(3) == H, "causal_attention: q is ", q.sizes(), ", k ", k.sizes(), " and v ", v.sizes(),
              ", they must be of one number of samples and one head width, k and v of one shape");
  TORCH_CHECK(K > 0 && N % K == 0, "causal_attention: ", N, " query heads over ", K, " key heads, they must divide");
  TORCH_CHECK(S >= T, "causal_attention: ", T, " queries over ", S, " keys, the queries are the last of the keys' positions");
  TORCH_CHECK(!window || *window > 0, "causal_attention: a window of ", window.value_or(0), " keys, it must have at least one");

  const auto rows = [](const at::Tensor& x) { return x.stride(3) == 1 ? x : x.contiguous(); };
  const at::Tensor queries = rows(q), keys = rows(k), values = rows(v);
  at::Tensor y = at::empty({B, T, N, H}, q.options());
  if (y.numel() == 0) return y;
  const auto steps = [](const at::Tensor& x, int64_t (&to)[3]) { std::copy_n(x.strides().begin(), 3, to); };
  Problem p{queries.data_ptr<float>(), keys.data_ptr<float>(), values.data_ptr<float>(), y.data_ptr<float>(), T, S, N, K, H,
            std::min(window.value_or(S), S), {}, {}, {}, static_cast<float>(scale)};
  steps(queries, p.q_steps);
  steps(keys, p.k_steps);
  steps(values, p.v_steps);

  // Each task is one thread's, and its order of sums its own: the number of threads does not show.
  const auto run = ESPALIER_HAS_V4 ? run_v4 : ESPALIER_HAS_V3 ? run_v3 : run_v1;
  const int64_t blocks = (T + kQueries - 1) / kQueries;
  espalier::for_each(B * K * blocks, 1, [&](int64_t first, int64_t last) {
    static thread_local Scratch scratch;
    for (int64_t i = first; i < last; ++i) {
      const int64_t from = i % blocks * kQueries;
      run(p, {i / blocks / K, i / blocks % K, from, std::min(T, from + kQueries)}, scratch);
    }
  });
  return y;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(espalier, m) { m.def("causal_attention(Tensor q, Tensor k, Tensor v, float scale, int? window=None) -> Tensor"); }
TORCH_LIBRARY_IMPL(espalier, CPU, m) { m.impl("causal_attention", causal_attention); }
