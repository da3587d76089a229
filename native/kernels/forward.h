// What kernels of the forward pass share.
#pragma once
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <initializer_list>

namespace espalier {

// These have no backward pass; a gradient that would be lost in silence is an error.
inline void no_gradient(const char* name, std::initializer_list<at::Tensor> inputs) {
  if (!at::GradMode::is_enabled()) return;
  for (const at::Tensor& x : inputs) TORCH_CHECK(!x.requires_grad(), name, ": an input wants a gradient, and this operator has none; call it with gradients off");
}

}  // namespace espalier
