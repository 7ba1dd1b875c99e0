#include "support/synthetic/synthetic_scale.h"

#include <cmath>
#include <initializer_list>
#include <string_view>

namespace chatterbox::testing {
namespace {

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool ends_with_any(const std::string& text, std::initializer_list<std::string_view> ends) {
  for (const std::string_view end : ends) {
    if (ends_with(text, end)) return true;
  }
  return false;
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// The last projection of a residual branch gets half the gain, so that deep stacks stay tame.
bool is_residual_output(const std::string& name) {
  return ends_with_any(
      name, {"o_proj.weight", "down_proj.weight", "c_proj.weight", "linear_out.weight",
             "feed_forward.w_2.weight", "to_out.0.weight", "ff.net.2.weight", "proj_out.weight",
             "attn.out.weight", "mlp.2.weight"});
}

SyntheticScale range(double scale, double offset) {
  return {static_cast<float>(scale), static_cast<float>(offset)};
}

// GPT-2's linear layers are stored [in, out].
bool is_transposed(const std::string& name) {
  return name.compare(0, 7, "tfmr.h.") == 0 &&
         (contains(name, ".attn.c_") || contains(name, ".mlp.c_"));
}

SyntheticScale matrix_scale(const std::string& name, const std::vector<int64_t>& shape) {
  double fan_in = 1;
  for (size_t axis = 1; axis < shape.size(); ++axis) fan_in *= static_cast<double>(shape[axis]);
  if (is_transposed(name)) fan_in = static_cast<double>(shape[0]);
  const double gain = name == "speech_head.weight" ? 2.0 : is_residual_output(name) ? 0.5 : 1.0;
  return range(gain * std::sqrt(3.0 / fan_in), 0);
}

}  // namespace

SyntheticScale synthetic_scale(const std::string& name, const std::vector<int64_t>& shape) {
  if (ends_with(name, "running_var")) return range(0.2, 1);
  if (ends_with(name, "running_mean")) return range(0.1, 0);
  if (name == "similarity_weight") return range(0, 10);
  if (name == "similarity_bias") return range(0, -5);
  if (name == "mel2wav.f0_predictor.classifier.bias") return range(0, 140);
  if (name == "mel2wav.f0_predictor.classifier.weight") return range(4, 0);
  if (name == "mel2wav.conv_post.bias") return range(0.05, -1);
  if (ends_with(name, "original0")) {
    return range(0.1, contains(name, "resblocks") || contains(name, "conv_post") ? 0.6 : 1.0);
  }
  if (ends_with(name, "original1")) return range(1, 0);
  if (ends_with(name, "alpha")) return range(0.2, 1);
  if (contains(name, "lstm."))
    return range(std::sqrt(1.0 / (static_cast<double>(shape[0]) / 4)), 0);
  if (ends_with(name, "bias")) return range(0.05, 0);
  if (shape.size() == 1) return range(0.1, 1);
  if (ends_with_any(name, {"text_pos_emb.emb.weight", "speech_pos_emb.emb.weight", "wpe.weight",
                           "pos_bias_u", "pos_bias_v"})) {
    return range(0.2, 0);
  }
  if (ends_with_any(name, {"text_emb.weight", "speech_emb.weight", "input_embedding.weight",
                           "embed_tokens.weight", "wte.weight", "pre_attention_query"})) {
    return range(1, 0);
  }
  return matrix_scale(name, shape);
}

}  // namespace chatterbox::testing
