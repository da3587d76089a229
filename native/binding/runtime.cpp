// Threads, seeds, denormals, and what libtorch and its BLAS are.
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <torch/version.h>

#include "guard.h"

using espalier::guard;
using espalier::need;

const char* esp_torch_version(void) { return TORCH_VERSION; }

esp_status esp_threads(int32_t* count) {
  return guard([&] { *need(count, "count") = at::get_num_threads(); });
}

esp_status esp_set_threads(int32_t count) {
  return guard([&] {
    TORCH_CHECK(count > 0 && count <= 1024, "threads must be 1 to 1024, not ", count);
    at::set_num_threads(count);
  });
}

esp_status esp_parallel_for(int64_t begin, int64_t end, int64_t grain, esp_body body, void* context) {
  return guard([&] {
    need(reinterpret_cast<void*>(body), "body");
    at::parallel_for(begin, end, grain, [=](int64_t first, int64_t last) { body(first, last, context); });
  });
}

esp_status esp_manual_seed(uint64_t seed) {
  return guard([&] { at::manual_seed(seed); });
}

esp_status esp_flush_denormals(int32_t enabled, int32_t* supported) {
  return guard([&] { *need(supported, "supported") = at::globalContext().setFlushDenormal(enabled != 0); });
}

esp_status esp_has_cuda(int32_t* available) {
  return guard([&] { *need(available, "available") = at::hasCUDA(); });
}

esp_status esp_blas_kernel(char* text, int32_t capacity, int32_t* length) {
  return guard([&] {
    auto corename = reinterpret_cast<char* (*)()>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
    espalier::copy_text(corename == nullptr ? "" : corename(), text, capacity, length);
  });
}

esp_status esp_library_path(const char* symbol, char* text, int32_t capacity, int32_t* length) {
  return guard([&] {
    Dl_info info{};
    auto* address = dlsym(RTLD_DEFAULT, need(symbol, "symbol"));
    const auto known = address != nullptr && dladdr(address, &info) != 0 && info.dli_fname != nullptr;
    espalier::copy_text(known ? info.dli_fname : "", text, capacity, length);
  });
}
