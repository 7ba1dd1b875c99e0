// Where a stage hands its tensors for --dump and the golden tests. Torch-free.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <functional>

namespace chatterbox {

using TensorSink = std::function<void(const TensorView&)>;  // empty: nobody listens

}  // namespace chatterbox
