// What T3 may ask of a device in a decode step: one copy each way, no wait for it, and few
// operators, which are recorded once for a kind of steps and then replayed.
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <functional>
#include <iostream>

#include "device/emulated_kernels.h"
#include "device/stand_in.h"
#include "support/tensors.h"
#include "t3/flash_golden.h"
#include "t3/gpt2.h"
#include "t3/llama.h"
#include "t3/model.h"

namespace chatterbox::testing {
namespace {

const c10::Device kDevice{c10::kPrivateUse1, 0};
constexpr int64_t kOperatorsOfALayer = 12;
// The sampler with all its filters; embeddings, rotations, what each row sees; the last norm, the
// head, what is kept for the next draw and for the host.
constexpr int64_t kOperatorsOfAStep = 64;
constexpr int64_t kOperatorsOfWatching = 20;
constexpr t3::AlignmentHeads kTinyHeads = {{{2, 1}, {1, 0}, {0, 1}}};

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
class Decoding {
 public:
  Decoding(const nn::WeightReader& reader, const char* golden_name)
      : model_(t3::load_model(reader)), golden_(golden_name), sequence_(golden_) {}

  [[nodiscard]] t3::SequenceOptions& options() { return sequence_.options; }
  [[nodiscard]] int64_t most_operators() const {
    return model_->backbone().layers() * kOperatorsOfALayer + kOperatorsOfAStep;
  }
  // What so many steps ask for, from the first on.
  [[nodiscard]] std::vector<DeviceCounts> steps(int count) {
    t3::Decoder decoder(model_, 6, 1400);
    for (int i = 0; i < 3; ++i) static_cast<void>(decoder.start(sequence_.options));
    std::vector<DeviceCounts> steps;
    DeviceRecording recording;
    for (int i = 0; i < count; ++i) {
      recording.restart();
      decoder.step();
      if (i == 0 || i + 1 == count) print(i == 0 ? "decode step" : "replayed step", recording);
      steps.push_back(recording.counts());
    }
    return steps;
  }

 private:
  std::shared_ptr<const t3::Model> model_;
  Golden golden_;
  GoldenSequence sequence_;
};

// The first step of a kind is done as it is, the second recorded, the others replayed. The host
// waits for the tokens of the step before, while the device has a step to do.
void check_steps(Decoding decoding) {
  check_replays(false);
  const std::vector<DeviceCounts> steps = decoding.steps(5);
  check_replays(true);
  for (size_t i = 0; i < steps.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(steps[i].uploads, 1);
    EXPECT_EQ(steps[i].downloads, 1);
    EXPECT_EQ(steps[i].synchronisations, 0);
    EXPECT_EQ(steps[i].late_waits, i == 0 ? 0 : 1);
    EXPECT_EQ(steps[i].replays, i < 2 ? 0 : 1);
    EXPECT_LE(steps[i].operators, i < 2 ? decoding.most_operators() : 0);
    EXPECT_EQ(steps[i].upload_bytes, steps[0].upload_bytes);
  }
  EXPECT_EQ(steps[1].operators, steps[0].operators);
}

TEST_F(T3Budgets, DecodeStepOfTheLlama) { check_steps({reader("t3_cfg"), "en_tiny_default"}); }

TEST_F(T3Budgets, DecodeStepOfTheLlamaInBf16) {
  check_steps({reader("t3_cfg", c10::kBFloat16), "en_tiny_default"});
}

TEST_F(T3Budgets, DecodeStepOfGpt2) { check_steps({reader("t3_turbo_v1"), "turbo_tiny_default"}); }

// Attention with its rotations and its cache takes three launches of a layer, the gate one, and the
// sampler two of a step. What a row sees, nobody asks.
TEST_F(T3Budgets, DecodeStepOnOwnKernels) {
  constexpr int64_t kLayers = 3, kOfALayer = 10, kBesides = 19;
  const EmulatedKernels kernels;
  check_replays(false);
  const std::vector<DeviceCounts> steps = Decoding(reader("t3_cfg"), "en_tiny_default").steps(3);
  check_replays(true);
  EXPECT_LE(steps[0].operators, kLayers * kOfALayer + kBesides);
  EXPECT_EQ(steps[2].operators, 0);
  EXPECT_EQ(steps[2].replays, 1);
}

// But for heads that are watched.
TEST_F(T3Budgets, DecodeStepOnOwnKernelsThatIsAnalysed) {
  constexpr int64_t kLayers = 3, kOfALayer = 10, kBesides = 19;
  const EmulatedKernels kernels;
  Decoding decoding(reader("t3_mtl23ls_v2"), "mtl_tiny_017_analyzer");
  decoding.options().analyze.emplace();
  decoding.options().analyze->heads = kTinyHeads;
  const std::vector<DeviceCounts> steps = decoding.steps(1);
  EXPECT_LE(steps[0].operators, kLayers * kOfALayer + kBesides + kOperatorsOfWatching);
}

// The analyzer has to see what a step attends to before the next one: the host waits.
TEST_F(T3Budgets, DecodeStepThatIsAnalysed) {
  Decoding decoding(reader("t3_mtl23ls_v2"), "mtl_tiny_017_analyzer");
  decoding.options().analyze.emplace();
  decoding.options().analyze->heads = kTinyHeads;
  check_replays(false);
  const std::vector<DeviceCounts> steps = decoding.steps(4);
  check_replays(true);
  EXPECT_LE(steps[0].operators, decoding.most_operators() + kOperatorsOfWatching);
  for (size_t i = 0; i < steps.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(steps[i].uploads, 1);
    EXPECT_EQ(steps[i].downloads, 1);
    EXPECT_EQ(steps[i].synchronisations, i == 0 ? 0 : 1);
    EXPECT_EQ(steps[i].late_waits, 0);
    EXPECT_EQ(steps[i].replays, i < 2 ? 0 : 1);
  }
}

// A pass over two sequences' blocks, with guidance: one copy of ids, one of logits.
TEST_F(T3Budgets, PassOverBlocks) {
  const FlashSequence sequence{Golden("flash_tiny_default")};
  t3::Decoder decoder(t3::load_model(reader("t3_flash")), 4, 800);
  for (int i = 0; i < 2; ++i) static_cast<void>(decoder.start(sequence.options));
  decoder.step();
  const DeviceRecording recording;
  decoder.step();
  EXPECT_EQ(recording.counts().uploads, 1);
  EXPECT_EQ(recording.counts().downloads, 1);
  EXPECT_EQ(recording.counts().synchronisations, 2);
  print("pass over blocks", recording);
}

// What a step of one layer more asks for.
template <class Kind>
int64_t operators_of_a_layer(const std::function<Kind(int64_t)>& with_layers) {
  const auto count = [&](int64_t layers) {
    const Kind backbone = with_layers(layers);
    t3::BatchKVCache cache(layers, backbone.heads(), 3, 40, {kDevice, c10::kFloat});
    const at::Tensor x = noise({3, backbone.heads() * 64}, 1).to(kDevice);
    const at::Tensor rows = at::tensor({0, 1, 2}, at::kLong).to(kDevice);
    const DeviceRecording recording;
    const nn::StepSpan span{rows, at::zeros_like(rows), 40};
    static_cast<void>(backbone.decode(x, span, nn::step_view(span, at::kFloat), cache));
    EXPECT_EQ(recording.counts().uploads, 0);
    EXPECT_EQ(recording.counts().synchronisations, 0);
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

}  // namespace
}  // namespace chatterbox::testing
