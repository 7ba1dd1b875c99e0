// What an engine tells of itself, its voices, and what is refused before it comes to C.
#include <limits>

#include "headers/engines.h"
#include "support/temporary_folder.h"

namespace chatterbox::header_test {
namespace {

using ::testing::ElementsAre;

TEST(Engine, TellsWhatItIs) {
  EngineOptions options;
  options.device = "cpu";
  options.precision = Precision::kBf16;
  options.max_batch = 3;
  options.max_queue = 5;
  const auto engine = ChatterboxEngine::load(options);
  const EngineInfo info = engine.info();
  EXPECT_EQ(info.family, "fake");
  EXPECT_EQ(info.model, "demo");
  EXPECT_EQ(info.device, "cpu");
  EXPECT_EQ(info.precision, "bf16");
  EXPECT_EQ(info.t3_precision, "int8");
  EXPECT_EQ(info.s3gen_precision, "bf16");
  EXPECT_EQ(info.kv_cache, "bf16");
  EXPECT_EQ(info.t3_kernels, "int8 fake");
  EXPECT_EQ(info.s3gen_kernels, "bf16 fake");
  EXPECT_EQ(info.sample_rate, 24000);
  EXPECT_TRUE(info.has_default_voice);
  EXPECT_TRUE(info.watermark);
  EXPECT_FALSE(info.meanflow);
  EXPECT_THAT(info.languages, ElementsAre("de", "fr"));
  EXPECT_THAT(info.voices, ElementsAre("second"));
  EXPECT_EQ(info.defaults.cfm_steps, 4);
  EXPECT_EQ(engine.limits().max_batch, 3);
  EXPECT_EQ(engine.limits().max_queue, 5);
  EXPECT_EQ(engine.count_tokens("Hello."), 6);
  EXPECT_EQ(engine.metrics().ended[0], 0);
  (void)engine.generate("Hello.");
  EXPECT_EQ(engine.metrics().ended[0], 1);
  EXPECT_EQ(engine.metrics().healthy, 1);
}

TEST(Engine, Quantises) {
  quantise_model("a", "b");
  expect_error([] { quantise_model("a", "full", Family::kNano); }, Status::kIo,
               "full: a of family 6");
  EngineOptions options;
  EXPECT_FALSE(ChatterboxEngine::load(options).info().quantised);
  options.family = Family::kNano;
  EXPECT_TRUE(ChatterboxEngine::load(options).info().quantised);
}

TEST(Engine, LanguagesAreThoseOfTheMultilingualModels) {
  const List<Language> all = languages();
  EXPECT_GT(all.size(), 20U);
  bool french = false;
  for (const Language& language : all) {
    french |= language.code == "fr" && language.name == "French";
  }
  EXPECT_TRUE(french);
}

TEST(Engine, Voices) {
  const auto engine = ChatterboxEngine::load();
  const Voice own = engine.default_voice();
  EXPECT_EQ(own.id().size(), 32U);
  EXPECT_EQ(own.info().prompt_tokens, 3);
  EXPECT_NE(engine.named_voice("second").id(), own.id());
  const testing::TemporaryFolder folder;
  own.save(folder.file("own.voice"));
  EXPECT_EQ(Voice::load(folder.file("own.voice")).id(), own.id());
  EXPECT_EQ(Voice::load_from_memory(own.save_to_memory()).id(), own.id());
  VoiceOptions options;
  std::string tensor;
  options.on_tensor = [&tensor](const TensorView& view) { tensor = view.name; };
  const Audio recording(Wave(24000, 0.5F));
  const Voice made = engine.make_voice(recording, options);
  EXPECT_EQ(tensor, "fake.recording");
  EXPECT_EQ(made.id(), engine.make_voice(recording).id());
  options.prompt_seconds = 0.25;
  EXPECT_THROW((void)engine.make_voice(recording, options), Error);
  options.prompt_seconds = 3;
  options.normalise_loudness = false;
  EXPECT_NE(engine.make_voice(recording, options).id(), made.id());
}

TEST(Engine, MovesWithItsLog) {
  std::vector<std::string> lines;
  EngineOptions options;
  options.log_level = LogLevel::kInfo;
  options.log = [&lines](LogLevel level, uint64_t tag, std::string_view message) {
    lines.push_back(std::to_string(static_cast<int>(level)) + " " + std::to_string(tag) + " " +
                    std::string(message));
    throw std::runtime_error("must not end what is logged");
  };
  auto engine = ChatterboxEngine::load(options);
  auto moved = std::move(engine);
  Request request = request_for("Hello.");
  request.max_new_tokens = 2;
  request.tag = 4;
  (void)moved.generate(request);
  moved = ChatterboxEngine::load();
  EXPECT_THAT(lines,
              ElementsAre(::testing::HasSubstr("loaded demo"), ::testing::StartsWith("1 4 ")));
  EXPECT_EQ(moved.generate("a").samples().size(), 5 * kSamplesPerToken);
}

TEST(Engine, WhatIsMovedFromIsRefused) {
  auto engine = ChatterboxEngine::load();
  auto voice = engine.default_voice();
  auto job = engine.submit(request_for("a"));
  auto result = job.wait();
  const auto other_engine = std::move(engine);
  const auto other_voice = std::move(voice);
  const auto other_job = std::move(job);
  const auto other_result = std::move(result);
  expect_error([&] { (void)engine.generate("a"); }, Status::kInvalidArgument,
               "engine must not be NULL");
  expect_error([&] { (void)voice.info(); }, Status::kInvalidArgument, "voice must not be NULL");
  expect_error([&] { (void)job.wait(); }, Status::kInvalidArgument, "job must not be NULL");
  expect_error([&] { (void)result.stats(); }, Status::kInvalidArgument, "result must not be NULL");
  EXPECT_TRUE(result.samples().empty());
  EXPECT_TRUE(voice.id().empty());
  Request request = request_for("a");
  request.voice = voice;  // not the model's own instead
  expect_error([&] { (void)other_engine.generate(request); }, Status::kInvalidArgument,
               "voice must not have been moved from");
}

TEST(Refusals, TellTheStatusAndTheReason) {
  EngineOptions options;
  options.model = "nowhere";
  expect_error([&] { (void)ChatterboxEngine::load(options); }, Status::kNotFound,
               "model nowhere: no such folder");
  options.model = kWithoutVoice;
  const auto engine = ChatterboxEngine::load(options);
  EXPECT_EQ(error_of([&] { (void)engine.default_voice(); }).status(), Status::kNotFound);
  EXPECT_EQ(error_of([&] { (void)engine.generate("a"); }).status(), Status::kNotFound);
  EXPECT_EQ(error_of([] { (void)Voice::load("/nowhere.voice"); }).status(), Status::kNotFound);
  EXPECT_EQ(error_of([] { (void)Voice::load_from_memory("no voice"); }).status(),
            Status::kBadVoice);
}

// In C it would end the string.
TEST(Refusals, ANulInAString) {
  const auto engine = ChatterboxEngine::load();
  const std::string nul("a\0b", 3);
  const auto expect = [](const char* name, const std::function<void()>& work) {
    expect_error(work, Status::kInvalidArgument, std::string(name) + " must not have a NUL in it");
  };
  Request request = request_for("Hello.");
  request.language = nul;
  expect("language", [&] { (void)engine.submit(request); });
  expect("text", [&] { (void)engine.generate(nul); });
  expect("text", [&] { (void)engine.generate_long(request_for(nul)); });
  expect("text", [&] { (void)engine.count_tokens(nul); });
  expect("name", [&] { (void)engine.named_voice(nul); });
  expect("path", [&] { (void)Voice::load(nul); });
  expect("path", [&] { engine.default_voice().save(nul); });
  expect("path", [&] { (void)read_audio(nul); });
  expect("path", [&] { write_audio(nul, Audio({0.5F})); });
  EngineOptions options;
  options.device = nul;
  expect("device", [&] { (void)ChatterboxEngine::load(options); });
}

// In C it stands for what is not set.
TEST(Refusals, MinusOneInAnOption) {
  const auto engine = ChatterboxEngine::load();
  const auto expect = [&](const char* name, const std::function<void(Request&)>& set) {
    Request request = request_for("Hello.");
    set(request);
    expect_error([&] { (void)engine.submit(request); }, Status::kInvalidArgument,
                 std::string(name) + " must not be -1");
  };
  expect("temperature", [](Request& request) { request.temperature = -1.F; });
  expect("cfg_weight", [](Request& request) { request.cfg_weight = -1.F; });
  expect("exaggeration", [](Request& request) { request.exaggeration = -1.F; });
  expect("min_p", [](Request& request) { request.min_p = -1.F; });
  expect("top_p", [](Request& request) { request.top_p = -1.F; });
  expect("repetition_penalty", [](Request& request) { request.repetition_penalty = -1.F; });
  expect("max_new_tokens", [](Request& request) { request.max_new_tokens = -1; });
  expect("cfm_steps", [](Request& request) { request.cfm_steps = -1; });
  expect("cfg_steps", [](Request& request) { request.cfg_steps = -1; });
  expect("top_k", [](Request& request) { request.top_k = -1; });
  expect("deadline", [](Request& request) { request.deadline = std::chrono::milliseconds(-1); });
  EngineOptions options;
  options.threads = -1;
  expect_error([&] { (void)ChatterboxEngine::load(options); }, Status::kInvalidArgument,
               "threads must not be -1");
  options.threads.reset();
  options.memory_limit = -1;
  expect_error([&] { (void)ChatterboxEngine::load(options); }, Status::kInvalidArgument,
               "memory_limit must not be -1");
}

}  // namespace
}  // namespace chatterbox::header_test
