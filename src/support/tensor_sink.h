// Where a stage hands its tensors for --dump and the golden tests. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace chatterbox {

// One tensor of an inner stage, named as the reference's. The data are valid during the call only,
// row-major, on the host.
struct TensorView {
  std::string_view name;
  enum class Type : int32_t { kFloat32, kInt64 } type = Type::kFloat32;
  const int64_t* shape = nullptr;
  size_t rank = 0;
  const void* data = nullptr;
};

using TensorSink = std::function<void(const TensorView&)>;  // empty: nobody listens

}  // namespace chatterbox
