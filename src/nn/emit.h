// Handing a stage's tensors to whoever asked for them. Costs nothing where nobody did.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "support/tensor_sink.h"

namespace chatterbox::nn {

// int64 stays, every other type arrives as fp32; on the host, contiguous.
void emit(const TensorSink& sink, const std::string& name, const at::Tensor& tensor);

}  // namespace chatterbox::nn
