#include "nn/emit.h"

namespace chatterbox::nn {

void emit(const TensorSink& sink, const std::string& name, const at::Tensor& tensor) {
  if (!sink) return;
  const bool ids = tensor.scalar_type() == at::kLong;
  const at::Tensor host = tensor.to(at::kCPU, ids ? at::kLong : at::kFloat).contiguous();
  const TensorView::Type type = ids ? TensorView::Type::kInt64 : TensorView::Type::kFloat32;
  sink({name, type, host.sizes().data(), host.sizes().size(), host.const_data_ptr()});
}

}  // namespace chatterbox::nn
