// A tensor callback that keeps what it is given.
#pragma once

#include <ATen/Functions.h>

#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace chatterbox::testing {

inline at::Tensor as_tensor(const std::vector<float>& values) {
  return at::tensor(values, at::kFloat);
}

class CollectedTensors {
 public:
  // For the library's own TensorView, and for that of chatterbox.hpp.
  [[nodiscard]] auto sink() {
    return [this](const auto& view) {
      using Type = std::decay_t<decltype(view.type)>;
      const auto type = view.type == Type::kInt64 ? at::kLong : at::kFloat;
      const at::IntArrayRef shape(view.shape, view.rank);
      tensors_[std::string(view.name)] =
          at::from_blob(const_cast<void*>(view.data), shape, at::TensorOptions(type)).clone();
    };
  }

  [[nodiscard]] const at::Tensor& tensor(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) throw std::out_of_range("no tensor " + name + " was emitted");
    return found->second;
  }

  // The same numbers; a leading dimension of one makes no difference.
  [[nodiscard]] bool equal(const std::string& name, const at::Tensor& expected) const {
    return at::equal(tensor(name).flatten(), expected.flatten());
  }

 private:
  std::map<std::string, at::Tensor> tensors_;
};

}  // namespace chatterbox::testing
