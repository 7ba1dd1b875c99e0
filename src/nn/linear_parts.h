// What a Linear is made of, for what makes another layer of it, and for tests. Models see
// nn/linear.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <utility>

#include "nn/int8_matrix.h"
#include "nn/linear.h"

namespace chatterbox::nn {

struct LinearParts {
  at::Tensor weight;  // [out, in]; undefined where it is packed
  at::Tensor bias;    // [out], or undefined
  std::shared_ptr<const Int8Matrix> packed = nullptr;
};

[[nodiscard]] inline Linear linear_of(LinearParts parts) {
  return Linear(std::make_shared<const LinearParts>(std::move(parts)));
}
// Of a layer that is there.
[[nodiscard]] inline const LinearParts& parts_of(const Linear& layer) { return *layer.parts_; }

}  // namespace chatterbox::nn
