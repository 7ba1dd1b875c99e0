#include "t3/model.h"

#include <ATen/ops/cat.h>

#include <limits>

#include "nn/cpu/kernels.h"
#include "t3/gpt2.h"
#include "t3/gpt2_embedder.h"
#include "t3/llama.h"
#include "t3/llama_embedder.h"

namespace chatterbox::t3 {

namespace {

// A model that fills blocks embeds one id more than it draws: the mask.
bool fills_blocks(const nn::WeightReader& reader) {
  constexpr const char* kEmbedding = "speech_emb.weight";
  constexpr const char* kHead = "speech_head.weight";
  return reader.has(kEmbedding) && reader.has(kHead) &&
         reader.dim(kEmbedding, 0) == reader.dim(kHead, 0) + 1;
}

}  // namespace

Model::Model(const nn::WeightReader& reader, TextFraming framing,
             std::optional<c10::ScalarType> kv_cache)
    : placement_(reader.placement()),
      cache_placement_{reader.placement().device, kv_cache.value_or(reader.placement().dtype)} {
  reader.ignore("text_head.weight");  // predicts text: training only
  const nn::WeightReader backbone = reader.scope("tfmr");
  const bool gpt2 = backbone.has("wpe.weight") || backbone.count("h") > 0;
  gpt2 ? load_gpt2_family(reader) : load_llama_family(reader, framing);
  const bool limited = reader.placement().device.is_cpu() && !reader.placement().int8;
  positions_at_a_time_ = limited ? nn::kMaxKernelRows : std::numeric_limits<int64_t>::max();
  limits_.kv_bytes_per_position = 2 * backbone_->layers() * backbone_->heads() *
                                  nn::cpu::kHeadSize *
                                  static_cast<int64_t>(c10::elementSize(cache_placement_.dtype));
}

void Model::load_llama_family(const nn::WeightReader& reader, TextFraming framing) {
  const nn::WeightReader around = reader.with(reader.placement().without_int8());
  const SamplingFamily family =
      fills_blocks(reader) ? SamplingFamily::kBlocks : SamplingFamily::kGuided;
  auto embedder = std::make_unique<LlamaEmbedder>(around, framing, family);
  LlamaWeights weights = load_llama(reader.scope("tfmr"));
  limits_ = embedder->limits(embedder->positions());
  speech_head_ = nn::read_linear(around, "speech_head", limits_.speech_vocabulary,
                                 weights.norm.size(0), nn::Bias::kNo);
  backbone_ = std::make_unique<Llama>(std::move(weights), embedder->positions());
  embedder_ = std::move(embedder);
}

void Model::load_gpt2_family(const nn::WeightReader& reader) {
  const nn::WeightReader around = reader.with(reader.placement().without_int8());
  embedder_ = std::make_unique<Gpt2Embedder>(around);
  Gpt2Weights weights = load_gpt2(reader.scope("tfmr"));
  limits_ = embedder_->limits(weights.positions.size(0));
  speech_head_ =
      nn::read_linear(around, "speech_head", limits_.speech_vocabulary, weights.positions.size(1));
  backbone_ = std::make_unique<Gpt2>(std::move(weights));
}

// On a CPU, not more rows at a time than keep a row's bits (see nn::kMaxKernelRows).
at::Tensor Model::logits(const at::Tensor& hidden) const {
  if (!hidden.is_cpu()) return nn::linear(hidden, speech_head_).to(at::kFloat);
  std::vector<at::Tensor> parts;
  for (const at::Tensor& part : hidden.split(nn::kMaxKernelRows)) {
    parts.push_back(nn::linear(part, speech_head_));
  }
  return at::cat(parts);
}

BatchKVCache Model::make_cache(int64_t rows, int64_t positions) const {
  return {backbone_->layers(), backbone_->heads(), rows, positions, cache_placement_};
}

std::shared_ptr<const Model> load_model(const nn::WeightReader& reader, TextFraming framing,
                                        std::optional<c10::ScalarType> kv_cache) {
  return std::make_shared<const Model>(reader, framing, kv_cache);
}

Limits limits(const Model& model) { return model.limits(); }

}  // namespace chatterbox::t3
