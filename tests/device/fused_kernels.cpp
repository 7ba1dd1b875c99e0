#include "device/fused_kernels.h"

#include <ATen/Functions.h>
#include <ATen/SDPBackend.h>
#include <ATen/native/transformers/attention.h>

#include <tuple>
#include <vector>

#include "device/device_counts.h"
#include "device/shadows.h"

namespace chatterbox::testing {
namespace {

using at::Tensor;
using OptionalTensor = std::optional<Tensor>;

OptionalTensor shadow_of(Shadows& shadows, const OptionalTensor& tensor) {
  if (!tensor || !tensor->defined()) return std::nullopt;
  return shadows.of(*tensor);
}

// CUDA has kernels for attention, each with one launch.
int64_t choose_attention(const Tensor& /*q*/, const Tensor& /*k*/, const Tensor& /*v*/,
                         const OptionalTensor& /*mask*/, double /*dropout*/, bool /*causal*/,
                         std::optional<double> /*scale*/, bool /*grouped*/) {
  return static_cast<int64_t>(at::SDPBackend::overrideable);
}

std::tuple<Tensor, Tensor, Tensor, Tensor, c10::SymInt, c10::SymInt, Tensor, Tensor, Tensor> attend(
    const Tensor& q, const Tensor& k, const Tensor& v, const OptionalTensor& mask, double dropout,
    bool causal, bool /*debug*/, std::optional<double> scale) {
  count_operator("aten::scaled_dot_product_attention");
  Shadows shadows;
  const at::AutoDispatchBelowADInplaceOrView below_autograd;
  const Tensor out =
      at::scaled_dot_product_attention(shadows.of(q), shadows.of(k), shadows.of(v),
                                       shadow_of(shadows, mask), dropout, causal, scale);
  return {shadows.result(out), {}, {}, {}, q.size(2), k.size(2), {}, {}, {}};
}

Tensor convolve(const Tensor& x, const Tensor& weight, const OptionalTensor& bias,
                at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation,
                bool transposed, at::IntArrayRef output_padding, int64_t groups) {
  count_operator("aten::convolution");
  Shadows shadows;
  const at::AutoDispatchBelowADInplaceOrView below_autograd;
  return shadows.result(at::convolution(shadows.of(x), shadows.of(weight), shadow_of(shadows, bias),
                                        stride, padding, dilation, transposed, output_padding,
                                        groups));
}

// The gates of the input and of the hidden state are made; the third result is for training.
std::tuple<Tensor, Tensor, Tensor> lstm_cell(const Tensor& input, const Tensor& hidden,
                                             const Tensor& cell, const OptionalTensor& input_bias,
                                             const OptionalTensor& hidden_bias) {
  count_operator("aten::_thnn_fused_lstm_cell");
  Shadows shadows;
  const at::AutoDispatchBelowADInplaceOrView below_autograd;
  Tensor all = shadows.of(input).add(shadows.of(hidden));
  for (const OptionalTensor* bias : {&input_bias, &hidden_bias}) {
    if (const OptionalTensor added = shadow_of(shadows, *bias)) all.add_(*added);
  }
  const std::vector<Tensor> gates = all.chunk(4, 1);  // input, forget, cell, output
  const Tensor next =
      gates[1].sigmoid().mul(shadows.of(cell)).add(gates[0].sigmoid().mul(gates[2].tanh()));
  return {shadows.result(gates[3].sigmoid().mul(next.tanh())), shadows.result(next), {}};
}

}  // namespace

void register_fused_kernels(torch::Library& aten) {
  at::native::_fused_sdp_choice_stub.set_privateuse1_dispatch_ptr(&choose_attention);
  aten.impl("_fused_sdp_choice", &choose_attention);
  aten.impl("_scaled_dot_product_fused_attention_overrideable", &attend);
  aten.impl("convolution_overrideable", &convolve);
  aten.impl("_thnn_fused_lstm_cell", &lstm_cell);
}

}  // namespace chatterbox::testing
