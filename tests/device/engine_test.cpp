// The whole engine on the tested device: batches of utterances and a stream, with S3Gen on a
// thread of its own. The CPU's tokens, and its wave within the goldens' tolerance.
#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "device/device_options.h"
#include "support/collected_tensors.h"
#include "support/golden.h"
#include "support/synthetic_folder.h"
#include "support/tensors.h"

namespace chatterbox::testing {
namespace {

constexpr double kGoldensTolerance = 1.6e-4;  // of waves, see support/tolerance.h

EngineOptions on_cpu(const std::string& model) {
  EngineOptions options = device_options(model);
  options.device = "cpu";
  return options;
}

Request request_for(const std::string& text, uint64_t seed) {
  Request request;
  request.text = text;
  request.seed = seed;
  request.max_new_tokens = 24;
  request.cfm_steps = 2;
  return request;
}

// Of different lengths; one without guidance, one in chunks.
std::vector<Request> requests() {
  std::vector<Request> all = {
      request_for("A first sentence.", 1), request_for("Another one, which is longer.", 2),
      request_for("Short.", 3), request_for("The last of the sentences is spoken in parts.", 4)};
  all[0].cfg_weight = 0;
  all[1].max_new_tokens = 11;
  all[3].stream = StreamMode::kChunks;
  return all;
}

struct Spoken {
  at::Tensor tokens;
  std::vector<float> samples;
};

std::vector<Spoken> speak(const EngineOptions& options, std::vector<Request> requests) {
  Engine engine(options);
  std::vector<CollectedTensors> collected(requests.size());
  std::vector<Spoken> spoken(requests.size());
  std::vector<Job> jobs;
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i].on_tensor = collected[i].sink();
    if (requests[i].stream == StreamMode::kChunks) {
      requests[i].on_audio = [&samples = spoken[i].samples](const float* chunk, size_t size) {
        samples.insert(samples.end(), chunk, chunk + size);
        return true;
      };
    }
    jobs.push_back(engine.submit(requests[i]));
  }
  for (size_t i = 0; i < jobs.size(); ++i) {
    const std::vector<float> whole = jobs[i].result().audio.samples;
    if (!requests[i].on_audio) spoken[i].samples = whole;
    spoken[i].tokens = collected[i].tensor("t3.tokens");
  }
  return spoken;
}

void expect_the_cpus(const std::string& model, const std::vector<Request>& requests,
                     double wave_tolerance) {
  const std::vector<Spoken> device = speak(device_options(model), requests);
  const std::vector<Spoken> cpu = speak(on_cpu(model), requests);
  for (size_t i = 0; i < requests.size(); ++i) {
    SCOPED_TRACE(requests[i].text);
    ASSERT_TRUE(at::equal(device[i].tokens, cpu[i].tokens));
    ASSERT_EQ(device[i].samples.size(), cpu[i].samples.size());
    EXPECT_LE(max_abs(as_tensor(device[i].samples), as_tensor(cpu[i].samples)), wave_tolerance);
  }
}

TEST(EngineOnDevice, SpeaksAsTheCpu) {
  expect_the_cpus(synthetic_folder(), requests(), kGoldensTolerance);
}

// Louder than the tiny models. Largest difference measured: 5.4e-4.
TEST(EngineOnDevice, TheDemoModelSpeaksAsOnTheCpu) {
  expect_the_cpus("demo", {request_for("Good evening.", 5), request_for("How are you?", 6)},
                  2.2e-3);
}

TEST(EngineOnDevice, FillsBlocksAsTheCpu) {
  const FlashFolder folder;
  std::vector<Request> flash = {request_for("A first sentence.", 1),
                                request_for("Another one, which is longer.", 2)};
  const std::string_view voice = synthetic_conds_pt(SyntheticSize::kTiny);
  for (Request& request : flash) {
    request.max_new_tokens = 40;
    request.voice = Voice(std::make_shared<const voice::Conditionals>(
        voice::parse(voice.data(), voice.size(), "conds.pt")));
  }
  expect_the_cpus(folder.path(), flash, kGoldensTolerance);
}

#ifndef CHATTERBOX_TEST_CUDA  // which cannot be told to refuse
// An engine whose device records no graphs speaks as well, and says in its log why it is slow.
TEST(EngineOnDevice, SaysWhyStepsAreNotReplayed) {
  std::vector<std::string> lines;
  EngineOptions options = device_options(synthetic_folder());
  options.log = [&](LogLevel, uint64_t, std::string_view message) { lines.emplace_back(message); };
  const std::vector<Request> one = {request_for("Short.", 3)};
  refuse_recordings(true);
  const std::vector<Spoken> spoken = speak(options, one);
  refuse_recordings(false);
  EXPECT_TRUE(at::equal(spoken[0].tokens, speak(on_cpu(options.model), one)[0].tokens));
  EXPECT_THAT(lines, ::testing::Contains(::testing::HasSubstr("the stand-in records nothing")));
}
#endif

// What CUDA has unless it is told otherwise. Greedy: where nothing is drawn, rounded weights leave
// the tokens of this run as they are.
TEST(EngineOnDevice, InBf16IsNearTheReference) {
  EngineOptions options = device_options(synthetic_folder());
  options.precision.reset();
  Engine engine(options);
  EXPECT_EQ(engine.info().precision, "bf16");
  const Golden golden("en_tiny_greedy");
  CollectedTensors collected;
  Request request = request_for(golden.option("text").value(), 1);
  request.min_p = 1;
  request.max_new_tokens = 80;
  request.on_tensor = collected.sink();
  static_cast<void>(engine.submit(request).result());
  ASSERT_TRUE(collected.equal("t3.tokens", golden.tensor("t3.tokens")));
  expect_close(collected.tensor("t3.logits0"), golden.tensor("t3.logits0"), Stage::kLogits,
               Reference::kBf16Cpu);
  expect_close(collected.tensor("t3.logits2"), golden.tensor("t3.logits2"), Stage::kLogits,
               Reference::kBf16Cpu);
}

}  // namespace
}  // namespace chatterbox::testing
