// What a caller gets who says nothing, and that -1 says nothing while 0 does.
#include "capi/seen.h"

namespace chatterbox::capi_test {
namespace {

class Defaults : public CApiTest {};

TEST_F(Defaults, OfARequestAreUnset) {
  const auto request = filled<chatterbox_request>(chatterbox_request_init);
  EXPECT_EQ(request.struct_size, sizeof request);
  EXPECT_EQ(request.has_seed, 0);
  EXPECT_EQ(request.seed, 0U);
  EXPECT_EQ(request.text, nullptr);
  EXPECT_EQ(request.language, nullptr);
  EXPECT_EQ(request.voice, nullptr);
  for (const float value : {request.temperature, request.cfg_weight, request.exaggeration,
                            request.min_p, request.top_p, request.repetition_penalty}) {
    EXPECT_EQ(value, CHATTERBOX_UNSET);
  }
  for (const int32_t value :
       {request.max_new_tokens, request.cfm_steps, request.cfg_steps, request.top_k,
        request.analyze_alignment, request.block_size, request.block_passes, request.position_noise,
        request.prior, request.fill_before_end, request.normalise}) {
    EXPECT_EQ(value, CHATTERBOX_UNSET);
  }
  EXPECT_EQ(request.schedule_shift, CHATTERBOX_UNSET);
  EXPECT_EQ(request.early_decoding, CHATTERBOX_UNSET);
  EXPECT_EQ(request.text_tags, 0);
  EXPECT_EQ(request.priority, 0);
  EXPECT_EQ(request.client, 0U);
  EXPECT_EQ(request.tag, 0U);
  EXPECT_EQ(request.deadline_ms, CHATTERBOX_UNSET);
  EXPECT_EQ(request.wait_ms, 0);
  EXPECT_EQ(request.stream, CHATTERBOX_STREAM_NONE);
  EXPECT_EQ(request.on_progress, nullptr);
  EXPECT_EQ(request.on_tensor, nullptr);
  EXPECT_EQ(request.on_audio, nullptr);
  EXPECT_EQ(request.on_done, nullptr);
  EXPECT_EQ(request.user_data, nullptr);
  EXPECT_EQ(request.noise, CHATTERBOX_UNSET);
  EXPECT_EQ(request.stream_options, nullptr);
  EXPECT_EQ(request.word_times, 0);
}

TEST_F(Defaults, OfAStream) {
  const auto options = filled<chatterbox_stream_options>(chatterbox_stream_options_init);
  EXPECT_EQ(options.struct_size, sizeof options);
  EXPECT_EQ(options.halo, CHATTERBOX_HALO_EXACT);
  EXPECT_EQ(options.chunks, nullptr);
  EXPECT_EQ(options.chunk_count, 0U);
  EXPECT_EQ(options.left_tokens, 50);
  EXPECT_EQ(options.right_tokens, 6);
  EXPECT_EQ(options.condition_tokens, 0);
  EXPECT_EQ(options.prompt, CHATTERBOX_PROMPT_RECOMPUTED);
  EXPECT_EQ(options.slack_tokens, 0);
}

TEST_F(Defaults, OfAConversion) {
  const auto conversion = filled<chatterbox_conversion>(chatterbox_conversion_init);
  EXPECT_EQ(conversion.struct_size, sizeof conversion);
  EXPECT_EQ(conversion.has_seed, 0);
  EXPECT_EQ(conversion.samples, nullptr);
  EXPECT_EQ(conversion.frames, 0U);
  EXPECT_EQ(conversion.channels, 1);
  EXPECT_EQ(conversion.sample_rate, 0);
  EXPECT_EQ(conversion.voice, nullptr);
  EXPECT_EQ(conversion.cfm_steps, CHATTERBOX_UNSET);
  EXPECT_EQ(conversion.cfg_steps, CHATTERBOX_UNSET);
  EXPECT_EQ(conversion.noise, CHATTERBOX_UNSET);
  EXPECT_EQ(conversion.deadline_ms, CHATTERBOX_UNSET);
  EXPECT_EQ(conversion.wait_ms, 0);
  EXPECT_EQ(conversion.on_done, nullptr);
}

TEST_F(Defaults, OfAnEngine) {
  const chatterbox_engine_options options = default_options();
  EXPECT_EQ(options.struct_size, sizeof options);
  EXPECT_EQ(options.family, CHATTERBOX_UNSET);
  EXPECT_EQ(options.max_streams, CHATTERBOX_UNSET);
  EXPECT_STREQ(options.model, "demo");
  EXPECT_EQ(options.files, nullptr);
  EXPECT_EQ(options.s3gen, nullptr);
  EXPECT_EQ(options.file_count, 0U);
  EXPECT_STREQ(options.device, "auto");
  EXPECT_EQ(options.precision, CHATTERBOX_UNSET);
  EXPECT_EQ(options.t3_precision, CHATTERBOX_UNSET);
  EXPECT_EQ(options.s3gen_precision, CHATTERBOX_UNSET);
  EXPECT_EQ(options.kv_cache, CHATTERBOX_UNSET);
  EXPECT_EQ(options.weights, CHATTERBOX_WEIGHTS_MAPPED);
  EXPECT_EQ(options.threads, CHATTERBOX_UNSET);
  EXPECT_EQ(options.mode, CHATTERBOX_MODE_DYNAMIC);
  EXPECT_EQ(options.max_batch, CHATTERBOX_UNSET);
  EXPECT_EQ(options.max_queue, 64);
  EXPECT_EQ(options.max_queue_bytes, int64_t{1} << 30);
  EXPECT_EQ(options.memory_limit, CHATTERBOX_UNSET);
  EXPECT_EQ(options.deterministic, 0);
  EXPECT_EQ(options.watermark, CHATTERBOX_WATERMARK_AUTO);
  EXPECT_EQ(options.log, nullptr);
  EXPECT_EQ(options.log_user_data, nullptr);
  EXPECT_EQ(options.log_level, CHATTERBOX_LOG_WARNING);
}

TEST_F(Defaults, OfTheSmallerStructs) {
  const auto voice = filled<chatterbox_voice_options>(chatterbox_voice_options_init);
  EXPECT_EQ(voice.struct_size, sizeof voice);
  EXPECT_EQ(voice.normalise_loudness, 1);
  EXPECT_EQ(voice.on_tensor, nullptr);
  EXPECT_EQ(voice.user_data, nullptr);
  EXPECT_EQ(voice.prompt_seconds, 10);
  const auto text = filled<chatterbox_long_text_options>(chatterbox_long_text_options_init);
  EXPECT_EQ(text.struct_size, sizeof text);
  EXPECT_EQ(text.pause_seconds, 0.15);
  EXPECT_EQ(text.on_piece, nullptr);
  const auto detector =
      filled<chatterbox_watermark_detector_options>(chatterbox_watermark_detector_options_init);
  EXPECT_EQ(detector.struct_size, sizeof detector);
  EXPECT_EQ(detector.threads, 1);
  EXPECT_EQ(detector.weights, nullptr);
  const auto chunk = filled<chatterbox_chunk>(chatterbox_chunk_init);
  EXPECT_EQ(chunk.struct_size, sizeof chunk);
  EXPECT_EQ(chunk.samples, nullptr);
}

TEST_F(Defaults, NoOptionsAreTheDefaults) {
  const chatterbox_engine_options defaults = default_options();
  for (const auto* options : {static_cast<const chatterbox_engine_options*>(nullptr), &defaults}) {
    const EngineOptions seen = options_of(options);
    const EngineOptions expected;
    EXPECT_EQ(seen.model, expected.model);
    EXPECT_TRUE(seen.files.empty());
    EXPECT_FALSE(seen.family);
    EXPECT_EQ(seen.device, expected.device);
    EXPECT_FALSE(seen.precision);
    EXPECT_FALSE(seen.t3_precision);
    EXPECT_FALSE(seen.s3gen_precision);
    EXPECT_FALSE(seen.kv_cache);
    EXPECT_EQ(seen.weights, expected.weights);
    EXPECT_FALSE(seen.threads);
    EXPECT_EQ(seen.mode, expected.mode);
    EXPECT_FALSE(seen.max_batch);
    EXPECT_EQ(seen.max_queue, expected.max_queue);
    EXPECT_EQ(seen.max_queue_bytes, expected.max_queue_bytes);
    EXPECT_FALSE(seen.memory_limit);
    EXPECT_FALSE(seen.deterministic);
    EXPECT_EQ(seen.watermark, expected.watermark);
    EXPECT_FALSE(static_cast<bool>(seen.log));
    EXPECT_EQ(seen.log_level, expected.log_level);
  }
}

void expect_defaults(const runtime::Task& task, const RequestDefaults& expected) {
  EXPECT_EQ(task.temperature, expected.temperature);
  EXPECT_EQ(task.cfg_weight, expected.cfg_weight);
  EXPECT_EQ(task.exaggeration, expected.exaggeration);
  EXPECT_EQ(task.min_p, expected.min_p);
  EXPECT_EQ(task.top_p, expected.top_p);
  EXPECT_EQ(task.repetition_penalty, expected.repetition_penalty);
  EXPECT_EQ(task.max_new_tokens, expected.max_new_tokens);
  EXPECT_EQ(task.cfm_steps, expected.cfm_steps);
  EXPECT_EQ(task.top_k, expected.top_k);
  EXPECT_EQ(task.analyze_alignment, expected.analyze_alignment);
}

// Of two families whose values have nothing in common but those that the fake model leaves alone.
TEST_F(Defaults, ARequestThatSaysNothingGetsTheFamilys) {
  auto request = filled<chatterbox_request>(chatterbox_request_init);
  request.text = "Hello.";
  RequestDefaults plain;
  plain.cfm_steps = testing::kFakeSteps;
  expect_defaults(task_of(request), plain);
  chatterbox_engine_options options = default_options();
  options.family = CHATTERBOX_FAMILY_TURBO;
  expect_defaults(task_of(request, &options), testing::kFakeTurbo);
}

TEST_F(Defaults, SoDoLongTextsBatchesAndConversions) {
  chatterbox_engine_options options = default_options();
  options.family = CHATTERBOX_FAMILY_TURBO;
  auto request = filled<chatterbox_request>(chatterbox_request_init);
  request.text = "Hello.";
  const auto* const pointer = &request;
  const runtime::Task of_long =
      task_of([&](const auto& engine) { (void)wait_for(submit_long(engine, request)); }, &options);
  expect_defaults(of_long, testing::kFakeTurbo);
  const runtime::Task of_batch = task_of(
      [&](const auto& engine) {
        (void)made<chatterbox_batch>([&](chatterbox_batch** batch) {
          return chatterbox_engine_generate_batch(engine.get(), &pointer, 1, batch);
        });
      },
      &options);
  expect_defaults(of_batch, testing::kFakeTurbo);
  const std::vector<float> samples(24000, 0.5F);
  auto conversion = filled<chatterbox_conversion>(chatterbox_conversion_init);
  conversion.samples = samples.data();
  conversion.frames = samples.size();
  conversion.sample_rate = 24000;
  const runtime::Task converted = task_of(
      [&](const auto& engine) {
        (void)made<chatterbox_result>([&](chatterbox_result** result) {
          return chatterbox_engine_convert_voice(engine.get(), &conversion, result);
        });
      },
      &options);
  EXPECT_EQ(converted.cfm_steps, testing::kFakeTurbo.cfm_steps);
}

// What a request that says nothing gets is told beforehand.
TEST_F(Defaults, AMeanFlowIsTold) {
  chatterbox_engine_options options = default_options();
  for (const bool meanflow : {false, true}) {
    options.family = meanflow ? CHATTERBOX_FAMILY_NANO : CHATTERBOX_FAMILY_ENGLISH;
    const auto engine = make_engine(&options);
    const auto info = filled<chatterbox_engine_info>([&](auto* out, size_t size) {
      return chatterbox_engine_get_info(engine.get(), out, size);
    });
    EXPECT_EQ(info.meanflow, meanflow ? 1 : 0);
  }
}

TEST_F(Defaults, AreToldByTheEngine) {
  chatterbox_engine_options options = default_options();
  options.family = CHATTERBOX_FAMILY_TURBO;
  const auto engine = make_engine(&options);
  const auto info = filled<chatterbox_engine_info>(
      [&](auto* out, size_t size) { return chatterbox_engine_get_info(engine.get(), out, size); });
  EXPECT_EQ(info.temperature, 0.75F);
  EXPECT_EQ(info.cfg_weight, 0.25F);
  EXPECT_EQ(info.exaggeration, 1.5F);
  EXPECT_EQ(info.min_p, 0.125F);
  EXPECT_EQ(info.top_p, 0.875F);
  EXPECT_EQ(info.repetition_penalty, 1.75F);
  EXPECT_EQ(info.max_new_tokens, 77);
  EXPECT_EQ(info.cfm_steps, 3);
  EXPECT_EQ(info.top_k, 9);
  EXPECT_EQ(info.analyze_alignment, 1);
}

// Each alone says nothing, beside others that do.
TEST_F(Defaults, OneValueLeavesTheOthersUnset) {
  chatterbox_engine_options options = default_options();
  options.family = CHATTERBOX_FAMILY_TURBO;
  chatterbox_request request = request_for("Hello.");
  request.top_k = 0;
  request.analyze_alignment = 0;
  request.temperature = 0;
  RequestDefaults expected = testing::kFakeTurbo;
  expected.top_k = 0;
  expected.analyze_alignment = false;
  expected.temperature = 0;
  expect_defaults(task_of(request, &options), expected);
}

}  // namespace
}  // namespace chatterbox::capi_test
