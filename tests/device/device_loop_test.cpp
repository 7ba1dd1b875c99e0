// T3's decode loop on a device, in graphs that are replayed: among others, with options of all
// kinds, every sequence gives what it gives on the CPU, and leaves its generator where the CPU
// does.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <limits>

#include "device/device_memory.h"
#include "device/tested_device.h"
#ifndef CHATTERBOX_TEST_CUDA
#include "device/emulated_kernels.h"
#endif
#include "support/collected_tensors.h"
#include "support/status.h"
#include "t3/refusal.h"
#include "t3/t3_golden.h"

namespace chatterbox::testing {
namespace {

using t3::SequenceOptions;

constexpr int64_t kPositions = 500;

t3::AlignmentThresholds tiny_thresholds() {
  t3::AlignmentThresholds thresholds;
  thresholds.heads = {{{2, 1}, {1, 0}, {0, 1}}};
  return thresholds;
}

struct Outcome {
  t3::Generation generation;
  CollectedTensors logits;
  int64_t next_random = 0;  // of the generator that the flow gets
};

class DeviceLoop : public ::testing::Test {
 protected:
  static std::shared_ptr<const t3::Model> load(const char* file, c10::Device device) {
    return t3::load_model({tiny_file(file), {device, c10::kFloat}});
  }
  static std::shared_ptr<const t3::Model> on_device(const char* file) {
    return load(file, tested_device());
  }

  // Requests that differ in everything that a family has.
  [[nodiscard]] SequenceOptions request(int index, bool plain) const {
    SequenceOptions options;
    options.voice = plain ? &turbo_.voice : &english_.voice;
    for (int64_t i = 0; i < 4 + 3 * index; ++i) {
      options.text_ids.push_back((i * 37 + index) % 700 + 1);
    }
    const auto number = static_cast<float>(index);
    options.sampling.temperature = index % 5 == 3 ? 0.0F : 0.6F + 0.1F * number;
    options.sampling.repetition_penalty = 1.0F + 0.2F * number;
    options.sampling.top_p = index % 2 == 0 ? 1.0F : 0.8F;
    options.sampling.cfg_weight = plain || index % 4 == 1 ? 0.0F : 0.2F + 0.2F * number;
    options.sampling.min_p = plain || index % 3 == 2 ? 0.0F : 0.02F * number;
    options.sampling.top_k = plain ? 50 * index : 0;
    options.max_new_tokens = 9 + 2 * index;
    options.seed = static_cast<uint64_t>(index);
    return options;
  }

  // The last ones join while the first ones run; some have a receiver.
  static std::vector<Outcome> run(const std::shared_ptr<const t3::Model>& model,
                                  const std::vector<SequenceOptions>& requests) {
    t3::Decoder decoder(model, 2 * static_cast<int64_t>(requests.size()), kPositions);
    std::vector<Outcome> outcomes(requests.size());
    std::vector<int64_t> ids;
    for (size_t i = 0; i < requests.size(); ++i) {
      ids.push_back(
          decoder.start(requests[i], i % 3 == 0 ? outcomes[i].logits.sink() : TensorSink()));
      if (i % 2 == 1) decoder.step();
    }
    for (size_t i = 0; i < requests.size(); ++i) {
      while (!decoder.finished(ids[i])) decoder.step();
      outcomes[i].generation = decoder.generation(ids[i]);
      at::Generator generator = outcomes[i].generation.generator;
      outcomes[i].next_random =
          at::randint(1 << 30, {1}, generator, at::TensorOptions(at::kLong)).item<int64_t>();
      decoder.remove(ids[i]);
    }
    return outcomes;
  }

  static void expect_equal(const std::vector<Outcome>& device, const std::vector<Outcome>& cpu) {
    for (size_t i = 0; i < cpu.size(); ++i) {
      SCOPED_TRACE(i);
      const t3::Generation& actual = device[i].generation;
      const t3::Generation& expected = cpu[i].generation;
      EXPECT_EQ(actual.tokens, expected.tokens);
      EXPECT_EQ(actual.finish, expected.finish);
      EXPECT_EQ(actual.decode_steps, expected.decode_steps);
      EXPECT_EQ(actual.places, expected.places);
      EXPECT_EQ(actual.quality.text_coverage, expected.quality.text_coverage);
      EXPECT_EQ(actual.quality.interventions.size(), expected.quality.interventions.size());
      EXPECT_EQ(device[i].next_random, cpu[i].next_random);
      if (i % 3 != 0) continue;
      for (const char* name : {"t3.logits0", "t3.logits1", "t3.logits2"}) {
        expect_close(device[i].logits.tensor(name), cpu[i].logits.tensor(name), Stage::kLogits);
      }
    }
  }

  void expect_analyses() const {
    std::vector<SequenceOptions> requests;
    for (int i = 0; i < 5; ++i) {
      requests.push_back(request(i, false));
      requests.back().max_new_tokens = 30;
      if (i % 2 == 0) requests.back().analyze = tiny_thresholds();
      if (i == 3) requests.back().follow_text = t3::AlignmentHeads{{{0, 0}, {2, 0}, {2, 1}}};
    }
    requests.push_back(analysed_.options);
    requests.back().sampling.repetition_penalty = 2.0F;
    requests.back().analyze = tiny_thresholds();
    const std::vector<Outcome> device = run(on_device("t3_mtl23ls_v2"), requests);
    expect_equal(device, run(load("t3_mtl23ls_v2", c10::kCPU), requests));
    EXPECT_FALSE(device.back().generation.quality.interventions.empty());
  }

  const c10::InferenceMode inference_mode_;
  const GoldenSequence english_{Golden("en_tiny_default")};
  const GoldenSequence turbo_{Golden("turbo_tiny_default")};
  const GoldenSequence analysed_{Golden("mtl_tiny_017_forced_eos")};
};

TEST_F(DeviceLoop, DrawsAsTheCpuAmongOthers) {
  for (const bool plain : {false, true}) {
    const char* file = plain ? "t3_turbo_v1" : "t3_cfg";
    std::vector<SequenceOptions> requests;
    for (int i = 0; i < 7; ++i) requests.push_back(request(i, plain));
    expect_equal(run(on_device(file), requests), run(load(file, c10::kCPU), requests));
  }
}

// The analyzer keeps the end of speech away from one and forces another's; others follow the text
// alone, with other heads, or not at all.
TEST_F(DeviceLoop, AnalysesAsTheCpu) { expect_analyses(); }

#ifndef CHATTERBOX_TEST_CUDA  // which has its own kernels above already
TEST_F(DeviceLoop, AnalysesAsTheCpuOnOwnKernels) {
  const EmulatedKernels kernels;
  expect_analyses();
}
#endif

#ifndef CHATTERBOX_TEST_CUDA  // counts operators, or limits memory
// With room for one kind of steps alone, kinds make way for each other.
TEST_F(DeviceLoop, DrawsTheSameWithOneGraph) {
  const auto model = on_device("t3_cfg");
  const auto tokens = [&](const t3::DeviceUse& use) {
    t3::Decoder decoder(model, 4, kPositions, 0, use);
    const int64_t first = decoder.start(request(2, false));
    for (int i = 0; i < 4; ++i) decoder.step();
    const int64_t second = decoder.start(request(4, false));  // from now on another kind
    while (!decoder.finished(first) || !decoder.finished(second)) decoder.step();
    return std::pair(decoder.generation(first).tokens, decoder.generation(second).tokens);
  };
  const auto expected = tokens({});
  EXPECT_EQ(tokens({1}), expected);
  DeviceRecording recording;
  EXPECT_EQ(tokens({0}), expected);
  EXPECT_EQ(recording.counts().replays, 0);
}

// Prompts that wait together are read in one pass, of which each call but the first needs nothing
// more than to begin its sequence.
TEST_F(DeviceLoop, ReadsPromptsTogether) {
  const auto model = on_device("t3_cfg");
  t3::Decoder decoder(model, 8, kPositions, int64_t{1} << 24);
  static_cast<void>(decoder.start(request(7, false)));  // the voice's part is there from now on
  std::vector<int64_t> ids;
  std::vector<SequenceOptions> requests;
  for (int i = 0; i < 3; ++i) {
    requests.push_back(request(2 + i, false));
    requests.back().exaggeration = request(7, false).exaggeration;
    ids.push_back(decoder.add(requests.back()));
  }
  DeviceRecording recording;
  EXPECT_TRUE(decoder.prefill(ids[0]));
  const int64_t together = recording.counts().operators;
  recording.restart();
  EXPECT_TRUE(decoder.prefill(ids[1]));
  EXPECT_TRUE(decoder.prefill(ids[2]));
  EXPECT_LE(recording.counts().operators, 12) << recording.report();
  EXPECT_EQ(recording.counts().uploads, 0);
  EXPECT_GT(together, 100);
  const std::vector<Outcome> cpu = run(load("t3_cfg", c10::kCPU), requests);
  for (size_t i = 0; i < ids.size(); ++i) {
    while (!decoder.finished(ids[i])) decoder.step();
    EXPECT_EQ(decoder.generation(ids[i]).tokens, cpu[i].generation.tokens);
  }
}

// Where memory lacks for the prompts together, each is read alone.
TEST_F(DeviceLoop, ReadsPromptsAloneWhereMemoryLacks) {
  const auto model = on_device("t3_cfg");
  t3::Decoder decoder(model, 8, kPositions, int64_t{1} << 24);
  const SequenceOptions options = request(7, false);
  const int64_t first = decoder.start(options);
  const int64_t second = decoder.add(options), third = decoder.add(options);
  {
    // What the head says of four rows is too much, of two it is not.
    const DeviceMemoryLimit limit(int64_t{4 * 8194 - 1} * sizeof(float));
    EXPECT_TRUE(decoder.prefill(second));
  }
  EXPECT_TRUE(decoder.prefill(third));
  for (const int64_t id : {first, second, third}) {
    while (!decoder.finished(id)) decoder.step();
  }
  EXPECT_EQ(decoder.generation(second).tokens, decoder.generation(first).tokens);
  EXPECT_EQ(decoder.generation(third).tokens, decoder.generation(first).tokens);
}
#endif

// The rows end at the cache's last position, and nothing is written behind it.
TEST_F(DeviceLoop, ASequenceMayTakeAllPositions) {
  for (const bool plain : {false, true}) {
    const char* file = plain ? "t3_turbo_v1" : "t3_cfg";
    SequenceOptions options = request(2, plain);
    options.max_new_tokens = 5;
    const auto model = on_device(file);
    const int64_t prompt =
        t3::limits(*model).positions_needed(static_cast<int64_t>(options.text_ids.size()), 5) -
        (plain ? t3::limits(*model).prompt_tokens -
                     static_cast<int64_t>(options.voice->prompt_tokens.size())
               : 0);
    const auto tokens = [&](const std::shared_ptr<const t3::Model>& of, int64_t positions) {
      t3::Decoder decoder(of, 2, positions);
      const int64_t id = decoder.start(options);
      while (!decoder.finished(id)) decoder.step();
      return decoder.generation(id).tokens;
    };
    EXPECT_EQ(tokens(model, prompt), tokens(load(file, c10::kCPU), prompt));
    EXPECT_EQ(
        refusal([&] { static_cast<void>(tokens(model, prompt - 1)); }, Status::kInvalidArgument),
        fmt::format("the sequence needs {} positions, the cache has {}", prompt, prompt - 1));
  }
}

// Its rows go to another one while the device still has its step to do.
TEST_F(DeviceLoop, RowsOfARemovedSequenceAreFree) {
  const auto model = on_device("t3_cfg");
  t3::Decoder decoder(model, 2, kPositions);
  const int64_t first = decoder.start(request(2, false));
  for (int i = 0; i < 3; ++i) decoder.step();
  decoder.remove(first);
  decoder.step();  // nobody draws
  const int64_t second = decoder.start(request(4, false));
  while (!decoder.finished(second)) decoder.step();
  t3::Decoder alone(load("t3_cfg", c10::kCPU), 2, kPositions);
  const int64_t expected = alone.start(request(4, false));
  while (!alone.finished(expected)) alone.step();
  EXPECT_EQ(decoder.generation(second).tokens, alone.generation(expected).tokens);
}

TEST_F(DeviceLoop, FailsAloneWhereLogitsAreNotFinite) {
  const auto model = on_device("t3_cfg");
  voice::Conditionals broken = english_.voice;
  broken.speaker_emb[0] = std::numeric_limits<float>::quiet_NaN();
  t3::Decoder decoder(model, 4, kPositions);
  const int64_t good = decoder.start(request(2, false));
  SequenceOptions options = request(2, false);
  options.voice = &broken;
  const int64_t bad = decoder.start(options);
  while (!decoder.finished(good)) decoder.step();
  EXPECT_TRUE(decoder.finished(bad));
  EXPECT_EQ(refusal([&] { static_cast<void>(decoder.generation(bad)); }, Status::kInternal),
            "the model's logits of step 0 are not finite");
  t3::Decoder alone(load("t3_cfg", c10::kCPU), 2, kPositions);
  const int64_t expected = alone.start(request(2, false));
  while (!alone.finished(expected)) alone.step();
  EXPECT_EQ(decoder.generation(good).tokens, alone.generation(expected).tokens);
}

TEST_F(DeviceLoop, AReceiverThatFailsEndsItsSequenceAlone) {
  t3::Decoder decoder(on_device("t3_cfg"), 4, kPositions);
  const int64_t faulty = decoder.start(request(2, false), [](const TensorView& tensor) {
    if (tensor.name == "t3.logits1") throw Error(Status::kIo, "no space left");
  });
  const int64_t other = decoder.start(request(0, false));
  while (!decoder.finished(other)) decoder.step();
  EXPECT_EQ(refusal([&] { static_cast<void>(decoder.generation(faulty)); }, Status::kIo),
            "no space left");
  EXPECT_FALSE(decoder.generation(other).tokens.empty());
}

#ifndef CHATTERBOX_TEST_CUDA  // counts operators, or limits memory
// Where memory lacks for all rows, halves of them give the same; where it lacks for one sequence,
// that one fails.
TEST_F(DeviceLoop, GoesOnInHalvesWhereMemoryLacks) {
  const auto model = on_device("t3_cfg");
  t3::Decoder decoder(model, 8, kPositions);
  std::vector<int64_t> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(decoder.start(request(2, false)));
  {
    // What eight rows attend to in a layer does not fit, what four do does: of each 128 positions'
    // keys and values, 2 heads of 64.
    const DeviceMemoryLimit limit(int64_t{5 * 128 * 2 * 2 * 64} * sizeof(float));
    for (int i = 0; i < 3; ++i) decoder.step();
  }
  for (const int64_t id : ids) {
    while (!decoder.finished(id)) decoder.step();
  }
  t3::Decoder alone(load("t3_cfg", c10::kCPU), 2, kPositions);
  const int64_t expected = alone.start(request(2, false));
  while (!alone.finished(expected)) alone.step();
  for (const int64_t id : ids) {
    EXPECT_EQ(decoder.generation(id).tokens, alone.generation(expected).tokens);
  }
  decoder.remove(ids.front());
  const int64_t last = decoder.start(request(2, false));
  const DeviceMemoryLimit none(64);
  while (!decoder.finished(last)) decoder.step();
  EXPECT_THROW(static_cast<void>(decoder.generation(last)), c10::OutOfMemoryError);
}
#endif

}  // namespace
}  // namespace chatterbox::testing
