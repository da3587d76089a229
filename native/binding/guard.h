// What every export stands on: one place that turns exceptions into a status and a sentence.
#pragma once
#include <ATen/ATen.h>
#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "espalier.h"

namespace espalier {

void set_error(const char* message) noexcept;

template <class Body>
esp_status guard(Body&& body) noexcept {
  try {
    body();
    return 0;
  } catch (const c10::Error& e) {
    set_error(e.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    set_error("out of memory");
  } catch (const std::exception& e) {
    set_error(e.what());
  } catch (...) {
    set_error("an exception of an unknown type");
  }
  return 1;
}

template <class T>
T* need(T* pointer, const char* name) {
  TORCH_CHECK(pointer != nullptr, name, " is null");
  return pointer;
}

esp_tensor* adopt(at::Tensor tensor);

inline const at::Tensor& tensor_of(const esp_tensor* handle) {
  return *reinterpret_cast<const at::Tensor*>(need(handle, "tensor"));
}

inline at::Tensor& tensor_of(esp_tensor* handle) {
  return *reinterpret_cast<at::Tensor*>(need(handle, "tensor"));
}

inline void copy_text(const std::string& from, char* text, int32_t capacity, int32_t* length) {
  need(length, "length");
  const auto bytes = static_cast<int32_t>(from.size());
  if (text != nullptr && capacity > 0) std::memcpy(text, from.data(), std::min(bytes, capacity));
  *length = bytes;
}

}  // namespace espalier
