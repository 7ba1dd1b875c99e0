// What T3 may ask of a device in a decode step: one copy each way, no wait but for the logits, and
// few operators, always the same ones, so that a step can be captured and replayed.
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <functional>
#include <iostream>

#include "device/stand_in.h"
#include "support/tensors.h"
#include "t3/decode_plan.h"
#include "t3/gpt2.h"
#include "t3/llama.h"
#include "t3/model.h"
#include "t3/t3_golden.h"

namespace chatterbox::testing {
namespace {

const c10::Device kDevice{c10::kPrivateUse1, 0};
constexpr int64_t kOperatorsOfALayer = 12;
// Embeddings, rotations, what each row sees; the last norm, the head, the copy of the logits.
constexpr int64_t kOperatorsOfAStep = 16;

class T3Budgets : public ::testing::Test {
 protected:
  T3Budgets() { use_stand_in(); }

  static nn::WeightReader reader(const char* file, c10::ScalarType type = c10::kFloat) {
    return {tiny_file(file), {kDevice, type}};
  }

  const c10::InferenceMode inference_mode_;
};

void print(const char* stage, const DeviceRecording& recording) {
  std::cout << "[ measured ] " << stage << ": " << recording.report() << "\n";
}

// Of three sequences: six rows with guidance, else three.
void check_decoding(const nn::WeightReader& reader, const char* golden_name) {
  const std::shared_ptr<const t3::Model> model = t3::load_model(reader);
  const Golden golden(golden_name);
  const GoldenSequence sequence(golden);
  t3::Decoder decoder(model, 6, 1400);
  DeviceRecording recording;
  static_cast<void>(decoder.start(sequence.options));
  print("prefill", recording);
  for (int i = 0; i < 2; ++i) static_cast<void>(decoder.start(sequence.options));
  decoder.step();
  std::map<std::string, int64_t> last;
  for (int step = 0; step < 3; ++step) {
    recording.restart();
    decoder.step();
    const DeviceCounts counts = recording.counts();
    EXPECT_EQ(counts.uploads, 1);
    EXPECT_EQ(counts.downloads, 1);
    EXPECT_EQ(counts.synchronisations, 1);
    EXPECT_LE(counts.operators,
              model->backbone().layers() * kOperatorsOfALayer + kOperatorsOfAStep);
    if (step > 0) {
      EXPECT_EQ(recording.operators(), last);
    }
    last = recording.operators();
  }
  print("decode step", recording);
}

TEST_F(T3Budgets, DecodeStepOfTheLlama) { check_decoding(reader("t3_cfg"), "en_tiny_default"); }

TEST_F(T3Budgets, DecodeStepOfTheLlamaInBf16) {
  check_decoding(reader("t3_cfg", c10::kBFloat16), "en_tiny_default");
}

TEST_F(T3Budgets, DecodeStepOfGpt2) { check_decoding(reader("t3_turbo_v1"), "turbo_tiny_default"); }

// What a step of one layer more asks for.
template <class Kind>
int64_t operators_of_a_layer(const std::function<Kind(int64_t)>& with_layers) {
  const auto count = [&](int64_t layers) {
    const Kind backbone = with_layers(layers);
    t3::BatchKVCache cache(layers, backbone.heads(), 3, 40, {kDevice, c10::kFloat});
    t3::DecodePlanner planner;
    const at::Tensor x = noise({4, backbone.heads() * 64}, 1).to(kDevice);
    const DeviceRecording recording;
    const t3::DecodePlan plan = planner.plan({0, 1, 2}, {5, 6, 7}, {0, 0, 0}, cache);
    EXPECT_EQ(recording.counts().synchronisations, 0);
    static_cast<void>(backbone.decode(x, plan, cache));
    EXPECT_EQ(recording.counts().uploads, 1);
    return recording.counts().operators;
  };
  return count(2) - count(1);
}

TEST_F(T3Budgets, OperatorsOfALayer) {
  const nn::WeightReader t3 = reader("t3_cfg");
  const int64_t llama = operators_of_a_layer<t3::Llama>([&](int64_t layers) {
    t3::LlamaWeights weights = t3::load_llama(t3.scope("tfmr"));
    weights.layers.resize(static_cast<size_t>(layers));
    return t3::Llama(std::move(weights), 100);
  });
  const nn::WeightReader turbo = reader("t3_turbo_v1");
  const int64_t gpt2 = operators_of_a_layer<t3::Gpt2>([&](int64_t layers) {
    t3::Gpt2Weights weights = t3::load_gpt2(turbo.scope("tfmr"));
    weights.layers.resize(static_cast<size_t>(layers));
    return t3::Gpt2(std::move(weights));
  });
  std::cout << "[ measured ] a layer: Llama " << llama << ", GPT-2 " << gpt2 << "\n";
  EXPECT_LE(llama, kOperatorsOfALayer);
  EXPECT_LE(gpt2, kOperatorsOfALayer);
}

// Rows are filled up to a power of two, positions to a multiple, and the buffer of a kind stays.
TEST_F(T3Budgets, PlansAreOfFewKinds) {
  t3::BatchKVCache cache(1, 2, 9, 300, {kDevice, c10::kFloat});
  t3::DecodePlanner planner;
  cache.set_length(4, 127);
  cache.set_length(7, 3);
  const t3::DecodePlan plan = planner.plan({4, 7, 0}, {50, 60, 70}, {0, 9, 4}, cache);
  const auto ids = [](const at::Tensor& tensor) { return values<int64_t>(tensor.cpu()); };
  using Ids = std::vector<int64_t>;
  EXPECT_EQ(plan.size(), 3);
  EXPECT_EQ(ids(plan.tokens), (Ids{50, 60, 70, 50}));
  EXPECT_EQ(ids(plan.places), (Ids{1, 10, 5, 1}));
  EXPECT_EQ(ids(plan.cache_rows), (Ids{4, 7, 0, 4}));
  EXPECT_EQ(ids(plan.cache_positions), (Ids{127, 3, 0, 127}));
  EXPECT_EQ(plan.longest, 128);
  cache.set_length(4, 128);
  EXPECT_EQ(planner.plan({4}, {1}, {0}, cache).longest, 256);
  cache.set_length(4, 260);
  const t3::DecodePlan next = planner.plan({4, 7, 0, 1}, {1, 2, 3, 4}, {0, 0, 0, 0}, cache);
  EXPECT_EQ(next.longest, 300);  // of the cache
  EXPECT_EQ(next.tokens.data_ptr(), plan.tokens.data_ptr());
}

}  // namespace
}  // namespace chatterbox::testing
