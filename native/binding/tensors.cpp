// Lifetime of handles, and bytes in and out.
#include <atomic>

#include "guard.h"

using espalier::guard;
using espalier::need;
using espalier::tensor_of;

namespace {
std::atomic<int64_t> live{0};

void check_bytes(int64_t wanted, int64_t bytes) {
  TORCH_CHECK(wanted == bytes, "the tensor has ", wanted, " bytes and the buffer ", bytes);
}

// Sizes come from files: their product is checked before anything is allocated.
int64_t bytes_of(at::IntArrayRef sizes, c10::ScalarType dtype) {
  auto bytes = static_cast<int64_t>(c10::elementSize(dtype));
  bool overflow = false, empty = false;
  for (const auto size : sizes) {
    TORCH_CHECK(size >= 0, "a tensor cannot have a negative size: ", sizes);
    empty |= size == 0;
    overflow |= __builtin_mul_overflow(bytes, size, &bytes);
  }
  TORCH_CHECK(empty || !overflow, "a tensor of sizes ", sizes, " is larger than any memory");
  return empty ? 0 : bytes;
}

// Tensors without storage (meta, lazily zero) say that they have elements and point to none.
void* storage_of(const at::Tensor& tensor) {
  return need(tensor.data_ptr(), "the tensor's storage");
}
}  // namespace

esp_tensor* espalier::adopt(at::Tensor tensor) {
  auto* handle = reinterpret_cast<esp_tensor*>(new at::Tensor(std::move(tensor)));
  live.fetch_add(1, std::memory_order_relaxed);
  return handle;
}

void esp_tensor_free(esp_tensor* tensor) {
  if (tensor == nullptr) return;
  delete reinterpret_cast<at::Tensor*>(tensor);
  live.fetch_sub(1, std::memory_order_relaxed);
}

int64_t esp_tensor_live_count(void) { return live.load(std::memory_order_relaxed); }

esp_status esp_tensor_from_data(const void* data, int64_t bytes, int32_t dtype, const int64_t* sizes, int32_t dimensions,
                                esp_tensor** tensor) {
  return guard([&] {
    need(tensor, "tensor");
    TORCH_CHECK(dimensions >= 0 && dimensions <= ESP_MAX_DIMENSIONS, dimensions, " dimensions; at most ", ESP_MAX_DIMENSIONS);
    TORCH_CHECK(dtype >= 0 && dtype < static_cast<int32_t>(c10::ScalarType::Undefined), "dtype ", dtype, " is unknown");
    if (dimensions > 0) need(sizes, "sizes");
    const at::IntArrayRef shape(sizes, dimensions);
    const auto type = static_cast<c10::ScalarType>(dtype);
    TORCH_CHECK(!c10::isQIntType(type), type, " has no plain elements");
    check_bytes(bytes_of(shape, type), bytes);
    if (bytes > 0) need(data, "data");
    auto made = at::empty(shape, at::TensorOptions().dtype(type));
    if (bytes > 0) std::memcpy(storage_of(made), data, bytes);
    *tensor = espalier::adopt(std::move(made));
  });
}

esp_status esp_tensor_describe(const esp_tensor* tensor, esp_tensor_info* info) {
  return guard([&] {
    const auto& t = tensor_of(tensor);
    need(info, "info");
    TORCH_CHECK(t.dim() <= ESP_MAX_DIMENSIONS, t.dim(), " dimensions; at most ", ESP_MAX_DIMENSIONS);
    info->dtype = static_cast<int32_t>(t.scalar_type());
    info->is_cuda = t.is_cuda();
    info->is_contiguous = t.is_contiguous();
    info->dimensions = t.dim();
    info->elements = t.numel();
    for (int64_t i = 0; i < t.dim(); i++) info->sizes[i] = t.size(i);
  });
}

esp_status esp_tensor_placement(const esp_tensor* tensor, esp_tensor_place* place) {
  return guard([&] {
    const auto& t = tensor_of(tensor);
    need(place, "place");
    TORCH_CHECK(t.dim() <= ESP_MAX_DIMENSIONS, t.dim(), " dimensions; at most ", ESP_MAX_DIMENSIONS);
    TORCH_CHECK(t.is_cpu(), "the tensor's memory is not the processor's");
    place->data = t.numel() == 0 ? t.data_ptr() : storage_of(t);
    std::copy(t.strides().begin(), t.strides().end(), place->strides);
  });
}

esp_status esp_tensor_copy_out(const esp_tensor* tensor, void* data, int64_t bytes) {
  return guard([&] {
    const auto& t = tensor_of(tensor);
    check_bytes(static_cast<int64_t>(t.nbytes()), bytes);
    if (bytes == 0) return;
    need(data, "data");
    const auto host = t.to(at::kCPU).contiguous();
    std::memcpy(data, storage_of(host), bytes);
  });
}

esp_status esp_tensor_copy_in(esp_tensor* tensor, const void* data, int64_t bytes) {
  return guard([&] {
    auto& t = tensor_of(tensor);
    check_bytes(static_cast<int64_t>(t.nbytes()), bytes);
    if (bytes == 0) return;
    need(data, "data");
    t.copy_(at::from_blob(const_cast<void*>(data), t.sizes(), at::TensorOptions().dtype(t.scalar_type())));
  });
}
