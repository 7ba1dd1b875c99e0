#include "device/fused_kernels.h"

#include <ATen/Functions.h>
#include <ATen/SDPBackend.h>
#include <ATen/native/transformers/attention.h>

#include <functional>
#include <tuple>
#include <vector>

#include "device/device_counts.h"
#include "device/graph_recording.h"
#include "device/late_streams.h"
#include "device/shadows.h"

namespace chatterbox::testing {
namespace {

using at::Tensor;
using OptionalTensor = std::optional<Tensor>;

// A kernel as the CPU computes it, of one result or more.
using Kernel = std::function<std::vector<Tensor>(Shadows&)>;

std::vector<Tensor> launch(const char* name, const std::vector<c10::IValue>& arguments,
                           const Kernel& kernel) {
  count_operator(name);
  const at::AutoDispatchBelowADInplaceOrView below_autograd;
  Shadows shadows;
  std::vector<Tensor> results;
  for (const Tensor& cpu : kernel(shadows)) results.push_back(shadows.result(cpu));
  const auto again = [kernel, results] {
    const at::AutoDispatchBelowADInplaceOrView below;
    Shadows of_again;
    const std::vector<Tensor> cpu = kernel(of_again);
    for (size_t i = 0; i < cpu.size(); ++i) of_again.result_again(cpu[i], results[i]);
  };
  const LateWork work(arguments, {});
  if (work.is_late()) work.put_off({c10::IValue(results)}, again);
  if (GraphRecording* recording = GraphRecording::current()) recording->add(name, arguments, again);
  return results;
}

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
  const Tensor out = launch(
      "aten::scaled_dot_product_attention", {q, k, v, mask, dropout, causal, scale},
      [=](Shadows& shadows) -> std::vector<Tensor> {
        return {at::scaled_dot_product_attention(shadows.of(q), shadows.of(k), shadows.of(v),
                                                 shadow_of(shadows, mask), dropout, causal, scale)};
      })[0];
  return {out, {}, {}, {}, q.size(2), k.size(2), {}, {}, {}};
}

Tensor convolve(const Tensor& x, const Tensor& weight, const OptionalTensor& bias,
                at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation,
                bool transposed, at::IntArrayRef output_padding, int64_t groups) {
  const auto list = [](at::IntArrayRef numbers) { return numbers.vec(); };
  return launch(
      "aten::convolution",
      {x, weight, bias, list(stride), list(padding), list(dilation), transposed,
       list(output_padding), groups},
      [=, stride = list(stride), padding = list(padding), dilation = list(dilation),
       output_padding = list(output_padding)](Shadows& shadows) -> std::vector<Tensor> {
        return {at::convolution(shadows.of(x), shadows.of(weight), shadow_of(shadows, bias), stride,
                                padding, dilation, transposed, output_padding, groups)};
      })[0];
}

// The gates of the input and of the hidden state are made; the third result is for training.
std::tuple<Tensor, Tensor, Tensor> lstm_cell(const Tensor& input, const Tensor& hidden,
                                             const Tensor& cell, const OptionalTensor& input_bias,
                                             const OptionalTensor& hidden_bias) {
  const std::vector<Tensor> results = launch(
      "aten::_thnn_fused_lstm_cell", {input, hidden, cell, input_bias, hidden_bias},
      [=](Shadows& shadows) -> std::vector<Tensor> {
        Tensor all = shadows.of(input).add(shadows.of(hidden));
        for (const OptionalTensor* bias : {&input_bias, &hidden_bias}) {
          if (const OptionalTensor added = shadow_of(shadows, *bias)) all.add_(*added);
        }
        const std::vector<Tensor> gates = all.chunk(4, 1);  // input, forget, cell, output
        const Tensor next =
            gates[1].sigmoid().mul(shadows.of(cell)).add(gates[0].sigmoid().mul(gates[2].tanh()));
        return {gates[3].sigmoid().mul(next.tanh()), next};
      });
  return {results[0], results[1], {}};
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
