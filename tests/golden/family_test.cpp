// The rest of the family against the reference, through the public C++ API: Turbo, Multilingual and
// voice conversion on the tiny models, and what a batch of them must keep.
#include <gmock/gmock.h>

#include <algorithm>
#include <optional>

#include "pipeline.h"
#include "runtime/checkpoint_folder.h"

namespace chatterbox {
namespace {

using testing::CheckpointFolder;
using testing::CollectedTensors;
using testing::Golden;

const CheckpointFolder& turbo_folder() {
  static const CheckpointFolder folder({"t3_turbo_v1", "s3gen_meanflow", "ve"}, "turbo");
  return folder;
}

// Both versions, as the published repository has them.
const CheckpointFolder& multilingual_folder() {
  static const CheckpointFolder folder({"t3_mtl23ls_v2", "t3_mtl23ls_v3", "s3gen", "ve"},
                                       "multilingual");
  return folder;
}

ChatterboxEngine load(const CheckpointFolder& folder, std::optional<Family> family = {}) {
  EngineOptions options = cpu_fp32(folder.path());
  options.family = family;
  return ChatterboxEngine::load(options);
}

const CheckpointFolder& flash_folder() {
  static const testing::FlashFolder folder;
  return folder;
}

// The wave that generate() of the package returns is a prefix of what its vocoder made.
void expect_wave(const Result& result, const Golden& golden) {
  const auto samples = golden.tensor("wav_len").item<int64_t>();
  ASSERT_EQ(static_cast<int64_t>(result.samples().size()), samples);
  testing::expect_close(testing::as_tensor(wave_of(result)),
                        golden.tensor("s3gen.wav").flatten().narrow(0, 0, samples),
                        testing::Stage::kWave);
}

struct Spoken {
  CollectedTensors collected;
  std::optional<Result> result;
};

void speak(const ChatterboxEngine& engine, const Golden& golden, Spoken& spoken) {
  Request request = request_of(golden);
  if (!engine.info().languages.empty()) request.language = golden.option("language").value();
  request.voice = voice_of(engine, golden, spoken.collected);
  request.on_tensor = spoken.collected.sink();
  spoken.result = engine.generate(request);
}

TEST(Turbo, TinyEqualsTheReference) {
  const ChatterboxEngine engine = load(turbo_folder());
  EXPECT_EQ(engine.info().family, "turbo");
  for (const char* name : {"turbo_tiny_default", "turbo_tiny_short", "turbo_tiny_greedy",
                           "turbo_tiny_plain", "turbo_tiny_prompt375"}) {
    SCOPED_TRACE(name);
    const Golden golden(name);
    Spoken spoken;
    speak(engine, golden, spoken);
    expect_same_ids(spoken.collected, golden,
                    {"voice.cond_prompt_speech_tokens", "voice.gen.prompt_token", "text.ids",
                     "s3gen.speech_tokens"});
    // The package drops an end of speech that comes last; here it is with what was drawn.
    const at::Tensor drawn = spoken.collected.tensor("t3.tokens").flatten();
    const at::Tensor expected = golden.tensor("t3.tokens").flatten();
    const bool ended = spoken.result->finish_reason() == FinishReason::kEos;
    ASSERT_EQ(drawn.numel(), expected.numel() + (ended ? 1 : 0));
    EXPECT_TRUE(at::equal(drawn.narrow(0, 0, expected.numel()), expected));
    expect_stages(spoken.collected, golden);
    expect_wave(*spoken.result, golden);
  }
}

constexpr const char* kFlashGoldens[] = {"flash_tiny_default", "flash_tiny_quantile",
                                         "flash_tiny_nocfg", "flash_tiny_greedy",
                                         "flash_tiny_short"};

TEST(Flash, TinyEqualsTheReference) {
  const ChatterboxEngine engine = load(flash_folder());
  EXPECT_EQ(engine.info().family, "flash");
  EXPECT_TRUE(engine.info().meanflow);
  EXPECT_FALSE(engine.info().has_default_voice);
  for (const char* name : kFlashGoldens) expect_flash_equals_reference(engine, name);
}

// The package's unequal batches see each other's padding.
TEST(Flash, GoldensInOneBatchEqualTheReference) {
  const ChatterboxEngine engine = load(flash_folder());
  std::vector<Request> requests;
  for (const char* name : kFlashGoldens) {
    CollectedTensors collected;
    requests.push_back(flash_request_of(Golden(name)));
    requests.back().voice = voice_of(engine, Golden(name), collected);
  }
  const std::vector<Outcome> outcomes = engine.generate_batch(requests);
  for (size_t i = 0; i < requests.size(); ++i) {
    SCOPED_TRACE(kFlashGoldens[i]);
    ASSERT_TRUE(outcomes[i].result) << outcomes[i].error->what();
    testing::expect_close(testing::as_tensor(wave_of(*outcomes[i].result)),
                          Golden(kFlashGoldens[i]).tensor("s3gen.wav").flatten(),
                          testing::Stage::kWave);
  }
  EXPECT_GT(engine.metrics().peak_rows, 2);  // they did run together
}

TEST(Flash, OptionsBelongToTheirFamilies) {
  const auto refusal = [](const ChatterboxEngine& engine, const Request& request) -> std::string {
    try {
      (void)engine.submit(request);
      return "none";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kInvalidArgument);
      return error.what();
    }
  };
  const ChatterboxEngine flash = load(flash_folder());
  Request request;
  request.text = "Hello.";
  request.voice = flash.make_voice(cut(recording_of(Golden("flash_tiny_default")), 1));
  request.top_p = 0.5F;
  EXPECT_EQ(refusal(flash, request),
            "top_p must be unset or 1 for a model of the family flash, got 0.5");
  request.top_p = 1;
  request.word_times = true;
  EXPECT_EQ(refusal(flash, request), "no heads of this model's family align speech and text");
  request.word_times = false;
  request.block_size = 257;
  EXPECT_EQ(refusal(flash, request), "block_size must be in [1, 256], got 257");
  request.block_size.reset();
  request.max_new_tokens = 20;
  EXPECT_NO_THROW((void)flash.generate(request));

  const ChatterboxEngine english = ChatterboxEngine::load(cpu_fp32(testing::synthetic_folder()));
  request = {};
  request.text = "Hello.";
  request.early_decoding = 0.5;
  EXPECT_EQ(refusal(english, request),
            "early_decoding must not be set for a model of the family english, got 0.5");
  request.early_decoding.reset();
  request.normalise = false;
  EXPECT_EQ(refusal(english, request),
            "normalise must not be set for a model of the family english, got false");
}

// What is spoken in chunks are the blocks as they are done.
TEST(Flash, StreamsAsItSpeaksWithTheSameNoise) {
  const ChatterboxEngine engine = load(flash_folder());
  const Golden golden("flash_tiny_default");
  CollectedTensors collected;
  Request request = flash_request_of(golden);
  request.voice = voice_of(engine, golden, collected);
  request.noise = Noise::kByFrame;
  const std::vector<float> whole = wave_of(engine.generate(request));
  request.stream = StreamMode::kChunks;
  request.stream_options.chunks = {4096};
  std::vector<float> streamed;
  request.on_audio = [&](Samples samples) {
    streamed.insert(streamed.end(), samples.begin(), samples.end());
    return true;
  };
  (void)engine.generate(request);
  EXPECT_TRUE(streamed == whole);
  request.stream_options.chunks = {};
  streamed.clear();
  const Result result = engine.generate(request);
  EXPECT_EQ(streamed.size(), whole.size());
  // Of 26 and 48 tokens, each due with a block, and of the rest; the halo keeps back 10.
  std::vector<uint64_t> counts;
  for (const ChunkStats& chunk : result.chunks()) counts.push_back(chunk.count);
  EXPECT_THAT(counts, ::testing::ElementsAre(16 * 960, 48 * 960, whole.size() - 64 * 960));
}

void expect_multilingual(const ChatterboxEngine& engine, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    SCOPED_TRACE(name);
    const Golden golden(name);
    Spoken spoken;
    speak(engine, golden, spoken);
    expect_same_ids(spoken.collected, golden,
                    {"voice.cond_prompt_speech_tokens", "voice.gen.prompt_token", "text.ids",
                     "t3.tokens", "s3gen.speech_tokens"});
    expect_stages(spoken.collected, golden);
    // Where there was no end of speech, the last token's sound is speech, and stays.
    if (spoken.result->finish_reason() == FinishReason::kEos) {
      expect_wave(*spoken.result, golden);
    } else {
      EXPECT_EQ(spoken.result->samples().size(),
                static_cast<size_t>(golden.tensor("s3gen.wav").numel()));
    }
  }
}

TEST(Multilingual, TinySecondVersionEqualsTheReference) {
  expect_multilingual(load(multilingual_folder(), Family::kMultilingual),
                      {"mtl_tiny_v2_de", "mtl_tiny_v2_zh"});
}

TEST(Multilingual, TinyThirdVersionEqualsTheReference) {
  expect_multilingual(load(multilingual_folder(), Family::kMultilingualV3), {"mtl_tiny_v3_fr"});
}

// The package computes two equal rows without guidance; here it is one. Its logits are the first's.
TEST(Multilingual, WithoutGuidanceItIsOneRowWithTheSameTokens) {
  const ChatterboxEngine engine = load(multilingual_folder(), Family::kMultilingualV2);
  const Golden golden("mtl_tiny_v2_ko_cfg0");
  Spoken spoken;
  speak(engine, golden, spoken);
  expect_same_ids(spoken.collected, golden, {"text.ids", "t3.tokens", "s3gen.speech_tokens"});
  testing::expect_close(spoken.collected.tensor("t3.logits0"),
                        golden.tensor("t3.logits0").narrow(0, 0, 1), testing::Stage::kLogits);
  expect_wave(*spoken.result, golden);
}

TEST(Multilingual, LanguagesAreCheckedAtSubmission) {
  const ChatterboxEngine engine = load(multilingual_folder(), Family::kMultilingualV2);
  EXPECT_EQ(engine.info().family, "multilingual");
  EXPECT_EQ(engine.info().languages.size(), 23U);
  Request request;
  request.text = "Hello.";
  request.voice = engine.make_voice(recording_of(Golden("mtl_tiny_v2_de")));
  for (const char* language : {"", "xx", "english"}) {
    request.language = language;
    try {
      (void)engine.submit(request);
      ADD_FAILURE() << language;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kInvalidArgument);
      EXPECT_THAT(error.what(), ::testing::HasSubstr("ar, da, de")) << language;
    }
  }
  request.language = "DE";
  request.max_new_tokens = 2;
  EXPECT_NO_THROW((void)engine.generate(request));
}

TEST(VoiceConversion, TinyEqualsTheReference) {
  const ChatterboxEngine engine = ChatterboxEngine::load(cpu_fp32(testing::synthetic_folder()));
  const Golden golden("vc_tiny");
  CollectedTensors collected;
  Conversion conversion;
  conversion.source = recording_of(golden, "source");
  conversion.voice = voice_of(engine, golden, collected);
  conversion.seed = std::stoull(golden.option("seed").value());
  conversion.on_tensor = collected.sink();
  const Result result = engine.convert_voice(conversion);
  expect_same_ids(collected, golden,
                  {"voice.gen.prompt_token", "vc.tokens", "s3gen.speech_tokens"});
  expect_stages(collected, golden);
  expect_wave(result, golden);
  EXPECT_EQ(result.stats().speech_tokens, golden.tensor("vc.tokens").numel());
  EXPECT_EQ(result.stats().text_tokens, 0);
}

using Wave = std::vector<float>;

// Speaks all of them at once and each alone.
void expect_batch_equals_alone(const ChatterboxEngine& engine,
                               const std::vector<Request>& requests) {
  const std::vector<Outcome> outcomes = engine.generate_batch(requests);
  for (size_t i = 0; i < requests.size(); ++i) {
    SCOPED_TRACE(i);
    ASSERT_TRUE(outcomes[i].result) << outcomes[i].error->what();
    EXPECT_TRUE(wave_of(*outcomes[i].result) == wave_of(engine.generate(requests[i])));
  }
  EXPECT_GT(engine.metrics().peak_rows, 2);  // they did run together
}

TEST(Turbo, ABatchOfVoicesEqualsSingleRuns) {
  const ChatterboxEngine engine = load(turbo_folder());
  const Audio recording = recording_of(Golden("turbo_tiny_default"));
  const std::vector<Voice> voices = {engine.make_voice(recording),
                                     engine.make_voice(cut(recording, 5.5))};
  std::vector<Request> requests;
  for (uint64_t i = 0; i < 6; ++i) {
    Request request;
    request.text = i % 3 == 0 ? "Oh [laugh] no." : "A sentence of another length than the others.";
    request.voice = voices[i % 2];
    request.seed = i;
    request.max_new_tokens = 10 + static_cast<int32_t>(i);
    requests.push_back(request);
  }
  expect_batch_equals_alone(engine, requests);
}

TEST(Multilingual, ABatchOfLanguagesEqualsSingleRuns) {
  const ChatterboxEngine engine = load(multilingual_folder(), Family::kMultilingualV2);
  const Audio recording = recording_of(Golden("mtl_tiny_v2_de"));
  const std::vector<Voice> voices = {engine.make_voice(cut(recording, 1)),
                                     engine.make_voice(cut(recording, 2))};
  const std::vector<std::pair<const char*, const char*>> texts = {
      {"de", "Guten Tag."},  {"fr", "Bonjour à tous."}, {"zh", "你好，世界。"},
      {"ko", "안녕하세요."}, {"ja", "こんにちは。"},    {"ar", "مرحبا بالعالم"}};
  std::vector<Request> requests;
  for (size_t i = 0; i < texts.size(); ++i) {
    Request request;
    request.language = texts[i].first;
    request.text = texts[i].second;
    request.voice = voices[i % 2];
    request.seed = 100 + i;
    request.cfg_weight = i % 3 == 0 ? 0 : 0.5F;
    request.max_new_tokens = 8 + static_cast<int32_t>(i);
    request.cfm_steps = 2;
    requests.push_back(request);
  }
  expect_batch_equals_alone(engine, requests);
}

// Speech and conversions go through S3Gen together.
TEST(VoiceConversion, AmongRequestsItGivesWhatItGivesAlone) {
  const ChatterboxEngine engine = ChatterboxEngine::load(cpu_fp32(testing::synthetic_folder()));
  Conversion conversion;
  conversion.source = cut(recording_of(Golden("vc_tiny"), "source"), 1.5);
  conversion.seed = 5;
  conversion.cfm_steps = 2;
  const Wave alone = wave_of(engine.convert_voice(conversion));
  Request request;
  request.text = "Hello.";
  request.seed = 6;
  request.max_new_tokens = 12;
  request.cfm_steps = 2;
  const Wave spoken_alone = wave_of(engine.generate(request));
  const Job first = engine.submit(request);
  const Job second = engine.submit(conversion);
  const Job third = engine.submit(request);
  EXPECT_TRUE(wave_of(second.wait()) == alone);
  EXPECT_TRUE(wave_of(first.wait()) == spoken_alone);
  EXPECT_TRUE(wave_of(third.wait()) == spoken_alone);
}

}  // namespace
}  // namespace chatterbox
