// What of autograd is no operator: backward from several roots, gradients of leaves, grad mode (of the calling thread).
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include "guard.h"

using espalier::guard;
using espalier::need;
using espalier::tensor_of;

esp_status esp_backward(esp_tensor* const* roots, esp_tensor* const* gradients, int32_t count) {
  return guard([&] {
    TORCH_CHECK(count > 0, "backward needs at least one root");
    need(roots, "roots");
    std::vector<at::Tensor> from, with;
    for (int32_t i = 0; i < count; i++) {
      from.push_back(tensor_of(roots[i]));
      const auto* gradient = gradients == nullptr ? nullptr : gradients[i];
      with.push_back(gradient == nullptr ? at::ones_like(from.back()) : tensor_of(gradient));
      TORCH_CHECK(with.back().sizes() == from.back().sizes(), "the gradient of root ", i, " has shape ", with.back().sizes(),
                  " and the root ", from.back().sizes());
    }
    torch::autograd::backward(from, with);
  });
}

esp_status esp_tensor_grad(const esp_tensor* tensor, esp_tensor** grad) {
  return guard([&] {
    need(grad, "grad");
    const auto& g = tensor_of(tensor).grad();
    *grad = g.defined() ? espalier::adopt(g) : nullptr;
  });
}

esp_status esp_tensor_set_grad(esp_tensor* tensor, const esp_tensor* grad) {
  return guard([&] {
    auto& t = tensor_of(tensor);
    if (grad == nullptr) {
      t.mutable_grad() = at::Tensor();
      return;
    }
    const auto& g = tensor_of(grad);
    TORCH_CHECK(!g.is_same(t), "a tensor cannot be its own gradient");
    TORCH_CHECK(g.sizes() == t.sizes(), "the gradient has shape ", g.sizes(), " and the tensor ", t.sizes());
    TORCH_CHECK(g.scalar_type() == t.scalar_type(), "the gradient is ", g.scalar_type(), " and the tensor ", t.scalar_type());
    TORCH_CHECK(g.device() == t.device(), "the gradient is on ", g.device(), " and the tensor on ", t.device());
    t.mutable_grad() = g;
  });
}

esp_status esp_tensor_set_requires_grad(esp_tensor* tensor, int32_t value) {
  return guard([&] { tensor_of(tensor).requires_grad_(value != 0); });
}

esp_status esp_grad_mode(int32_t* enabled) {
  return guard([&] { *need(enabled, "enabled") = c10::GradMode::is_enabled(); });
}

esp_status esp_set_grad_mode(int32_t enabled) {
  return guard([&] { c10::GradMode::set_enabled(enabled != 0); });
}
