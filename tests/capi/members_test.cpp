// Every member of every struct reaches the engine, and what it cannot be is refused by name.
#include "capi/seen.h"

namespace chatterbox::capi_test {
namespace {

using namespace std::chrono_literals;

class Members : public CApiTest {};

TEST_F(Members, OfTheEnginesOptions) {
  const std::string bytes("\0\1", 2);
  const chatterbox_file files[] = {{"a.json", bytes.data(), bytes.size()}, {"empty", nullptr, 0}};
  chatterbox_engine_options options = default_options();
  options.family = CHATTERBOX_FAMILY_TURBO;
  options.model = testing::kFakeWithoutVoice;
  options.files = files;
  options.file_count = 2;
  options.s3gen = "other/s3gen.safetensors";
  options.device = "cuda:3";
  options.precision = CHATTERBOX_PRECISION_BF16;
  options.t3_precision = CHATTERBOX_PRECISION_INT8;
  options.s3gen_precision = CHATTERBOX_PRECISION_AUTO;
  options.kv_cache = CHATTERBOX_PRECISION_FP32;
  options.weights = CHATTERBOX_WEIGHTS_LOCKED;
  options.threads = 7;
  options.mode = CHATTERBOX_MODE_BATCH;
  options.max_batch = 3;
  options.max_queue = 9;
  options.max_queue_bytes = int64_t{1} << 21;
  options.memory_limit = int64_t{1} << 40;
  options.deterministic = 1;
  options.watermark = CHATTERBOX_WATERMARK_OFF;
  options.log = [](int32_t, uint64_t, const char*, void*) {};
  options.log_level = CHATTERBOX_LOG_DEBUG;
  const EngineOptions seen = options_of(&options);
  EXPECT_EQ(seen.family, Family::kTurbo);
  EXPECT_EQ(seen.model, testing::kFakeWithoutVoice);
  ASSERT_EQ(seen.files.size(), 2U);
  EXPECT_EQ(seen.files[0].name, "a.json");
  EXPECT_EQ(seen.files[0].bytes, bytes);
  EXPECT_EQ(seen.files[1].name, "empty");
  EXPECT_EQ(seen.files[1].bytes, "");
  EXPECT_EQ(seen.s3gen, "other/s3gen.safetensors");
  EXPECT_EQ(seen.device, "cuda:3");
  EXPECT_EQ(seen.precision, Precision::kBf16);
  EXPECT_EQ(seen.t3_precision, Precision::kInt8);
  EXPECT_EQ(seen.s3gen_precision, Precision::kAuto);
  EXPECT_EQ(seen.kv_cache, Precision::kFp32);
  EXPECT_EQ(seen.weights, Weights::kLocked);
  EXPECT_EQ(seen.threads, 7);
  EXPECT_EQ(seen.mode, Mode::kBatch);
  EXPECT_EQ(seen.max_batch, 3);
  EXPECT_EQ(seen.max_queue, 9);
  EXPECT_EQ(seen.max_queue_bytes, int64_t{1} << 21);
  EXPECT_EQ(seen.memory_limit, int64_t{1} << 40);
  EXPECT_TRUE(seen.deterministic);
  EXPECT_EQ(seen.watermark, Watermark::kOff);
  EXPECT_TRUE(static_cast<bool>(seen.log));
  EXPECT_EQ(seen.log_level, LogLevel::kDebug);
  options.precision = CHATTERBOX_PRECISION_FP32;
  EXPECT_EQ(options_of(&options).precision, Precision::kFp32);
}

TEST_F(Members, OfARequest) {
  chatterbox_request request = request_for("Words.");
  request.seed = UINT64_MAX;
  request.temperature = 1.5F;
  request.cfg_weight = 2.5F;
  request.exaggeration = 1.25F;
  request.min_p = 0.125F;
  request.top_p = 0.75F;
  request.repetition_penalty = 3.5F;
  request.max_new_tokens = 11;
  request.cfm_steps = 12;
  request.cfg_steps = 5;
  request.analyze_alignment = 1;
  request.top_k = 13;
  request.language = "FR";
  request.text_tags = 1;
  request.word_times = 1;
  const runtime::Task task = task_of(request);
  EXPECT_EQ(task.text, "Words.");
  EXPECT_EQ(task.seed, UINT64_MAX);
  EXPECT_EQ(task.temperature, 1.5F);
  EXPECT_EQ(task.cfg_weight, 2.5F);
  EXPECT_EQ(task.exaggeration, 1.25F);
  EXPECT_EQ(task.min_p, 0.125F);
  EXPECT_EQ(task.top_p, 0.75F);
  EXPECT_EQ(task.repetition_penalty, 3.5F);
  EXPECT_EQ(task.max_new_tokens, 11);
  EXPECT_EQ(task.cfm_steps, 12);
  EXPECT_EQ(task.cfg_steps, 5);
  EXPECT_TRUE(task.analyze_alignment);
  EXPECT_EQ(task.top_k, 13);
  EXPECT_EQ(task.language, "fr");
  EXPECT_TRUE(task.text_tags);
  EXPECT_TRUE(task.word_times);
}

TEST_F(Members, ZeroIsAValue) {
  chatterbox_request request = request_for("a");
  request.seed = 0;
  request.temperature = 0;
  request.cfg_weight = 0;
  request.exaggeration = 0;
  request.min_p = 0;
  const runtime::Task task = task_of(request);
  EXPECT_EQ(task.seed, 0U);
  EXPECT_EQ(task.temperature, 0);
  EXPECT_EQ(task.cfg_weight, 0);
  EXPECT_EQ(task.exaggeration, 0);
  EXPECT_EQ(task.min_p, 0);
}

class WrongMembers : public CApiTest {
 protected:
  template <class Value>
  std::string with(Value chatterbox_request::*member, Value value) const {
    chatterbox_request request = request_for("Hello.");
    request.*member = value;
    return refusal(engine, request);
  }
  template <class Value>
  static std::string options_with(Value chatterbox_engine_options::*member, Value value) {
    chatterbox_engine_options options = default_options();
    options.*member = value;
    chatterbox_engine* none = nullptr;
    EXPECT_EQ(chatterbox_engine_create(&options, &none), CHATTERBOX_STATUS_INVALID_ARGUMENT);
    return chatterbox_last_error();
  }

  const Owned<chatterbox_engine> engine = make_engine();
};

// 0 where 0 is no value is refused, not replaced by a default.
TEST_F(WrongMembers, ZeroIsNotReplaced) {
  EXPECT_EQ(with(&chatterbox_request::top_p, 0.F), "top_p must be above 0 and at most 1, got 0");
  EXPECT_EQ(with(&chatterbox_request::repetition_penalty, 0.F),
            "repetition_penalty must be in [0.5, 5], got 0");
  EXPECT_EQ(with(&chatterbox_request::max_new_tokens, 0),
            "max_new_tokens must be in [1, 4096], got 0");
  EXPECT_EQ(with(&chatterbox_request::cfm_steps, 0), "cfm_steps must be in [1, 100], got 0");
  EXPECT_EQ(with(&chatterbox_request::deadline_ms, int64_t{0}),
            "deadline must be at least 1 ms, got 0");
  EXPECT_EQ(options_with(&chatterbox_engine_options::family, 0), "family must be in [1, 6], got 0");
  EXPECT_EQ(options_with(&chatterbox_engine_options::precision, 0),
            "precision must be 1 (fp32), 2 (bf16), 3 (int8) or 4 (auto), got 0");
  EXPECT_EQ(options_with(&chatterbox_engine_options::threads, 0),
            "threads must be in [1, 1024], got 0");
  EXPECT_EQ(options_with(&chatterbox_engine_options::memory_limit, int64_t{0}),
            "memory_limit must be at least 1, got 0");
}

// -1 says nothing; what is below does, and is wrong.
TEST_F(WrongMembers, OtherNegativesNameValueAndRange) {
  EXPECT_EQ(with(&chatterbox_request::temperature, -2.F),
            "temperature must be 0 or in [0.05, 5], got -2");
  EXPECT_EQ(with(&chatterbox_request::cfg_weight, -0.5F), "cfg_weight must be in [0, 5], got -0.5");
  EXPECT_EQ(with(&chatterbox_request::exaggeration, -2.F),
            "exaggeration must be in [0, 2], got -2");
  EXPECT_EQ(with(&chatterbox_request::min_p, -2.F), "min_p must be in [0, 1], got -2");
  EXPECT_EQ(with(&chatterbox_request::top_p, -2.F), "top_p must be above 0 and at most 1, got -2");
  EXPECT_EQ(with(&chatterbox_request::repetition_penalty, -2.F),
            "repetition_penalty must be in [0.5, 5], got -2");
  EXPECT_EQ(with(&chatterbox_request::max_new_tokens, -2),
            "max_new_tokens must be in [1, 4096], got -2");
  EXPECT_EQ(with(&chatterbox_request::cfm_steps, -2), "cfm_steps must be in [1, 100], got -2");
  EXPECT_EQ(with(&chatterbox_request::cfg_steps, -2), "cfg_steps must be in [0, 100], got -2");
  EXPECT_EQ(with(&chatterbox_request::top_k, -2), "top_k must be in [0, 10000], got -2");
  EXPECT_EQ(with(&chatterbox_request::block_size, -2), "block_size must be in [1, 256], got -2");
  EXPECT_EQ(with(&chatterbox_request::block_passes, 0), "block_passes must be in [1, 100], got 0");
  EXPECT_EQ(with(&chatterbox_request::schedule_shift, -2.0),
            "schedule_shift must be in [0, 100], got -2");
  EXPECT_EQ(with(&chatterbox_request::early_decoding, 101.0),
            "early_decoding must be in [0, 100], got 101");
  EXPECT_EQ(with(&chatterbox_request::normalise, 2), "normalise must be 0, 1 or -1 (unset), got 2");
  EXPECT_EQ(with(&chatterbox_request::prior, 1),
            "prior must not be set for a model of the family fake, got true");
  EXPECT_EQ(with(&chatterbox_request::analyze_alignment, -2),
            "analyze_alignment must be 0, 1 or -1 (unset), got -2");
  EXPECT_EQ(with(&chatterbox_request::word_times, -1), "word_times must be 0 or 1, got -1");
  EXPECT_EQ(with(&chatterbox_request::priority, -101), "priority must be in [-100, 100], got -101");
  EXPECT_EQ(with(&chatterbox_request::deadline_ms, int64_t{-2}),
            "deadline must be at least 1 ms, got -2");
  EXPECT_EQ(with(&chatterbox_request::wait_ms, int64_t{-2}),
            "wait_ms must be at least 0 ms, or -1 (without limit), got -2");
}

// Each stage takes what it has.
TEST_F(WrongMembers, PrecisionsOfStages) {
  EXPECT_EQ(options_with(&chatterbox_engine_options::t3_precision, 5),
            "t3_precision must be 1 (fp32), 2 (bf16), 3 (int8) or 4 (auto), got 5");
  EXPECT_EQ(options_with(&chatterbox_engine_options::s3gen_precision, 5),
            "s3gen_precision must be 1 (fp32), 2 (bf16), 3 (int8) or 4 (auto), got 5");
  EXPECT_EQ(options_with(&chatterbox_engine_options::kv_cache, 4),
            "kv_cache must be 1 (fp32) or 2 (bf16), got 4");
  EXPECT_EQ(options_with(&chatterbox_engine_options::kv_cache, 0),
            "kv_cache must be 1 (fp32) or 2 (bf16), got 0");
}

TEST_F(WrongMembers, NegativeOptions) {
  EXPECT_EQ(options_with(&chatterbox_engine_options::family, -2),
            "family must be in [1, 6], got -2");
  EXPECT_EQ(options_with(&chatterbox_engine_options::precision, -2),
            "precision must be 1 (fp32), 2 (bf16), 3 (int8) or 4 (auto), got -2");
  EXPECT_EQ(options_with(&chatterbox_engine_options::threads, -2),
            "threads must be in [1, 1024], got -2");
  EXPECT_EQ(options_with(&chatterbox_engine_options::memory_limit, int64_t{-2}),
            "memory_limit must be at least 1, got -2");
  EXPECT_EQ(options_with(&chatterbox_engine_options::max_batch, -2),
            "max_batch must be in [1, 256], got -2");
  // Options that cannot be unset.
  EXPECT_EQ(options_with(&chatterbox_engine_options::weights, -1),
            "weights must be in [0, 2], got -1");
  EXPECT_EQ(options_with(&chatterbox_engine_options::mode, -1), "mode must be in [0, 2], got -1");
  EXPECT_EQ(options_with(&chatterbox_engine_options::max_queue, -1),
            "max_queue must be in [1, 65536], got -1");
  EXPECT_EQ(options_with(&chatterbox_engine_options::max_queue_bytes, int64_t{-1}),
            "max_queue_bytes must be at least 1048576, got -1");
}

TEST_F(WrongMembers, TooLargeOptions) {
  EXPECT_EQ(options_with(&chatterbox_engine_options::family, 7), "family must be in [1, 6], got 7");
  EXPECT_EQ(options_with(&chatterbox_engine_options::precision, 9),
            "precision must be 1 (fp32), 2 (bf16), 3 (int8) or 4 (auto), got 9");
  EXPECT_EQ(options_with(&chatterbox_engine_options::weights, 3),
            "weights must be in [0, 2], got 3");
  EXPECT_EQ(options_with(&chatterbox_engine_options::threads, 1025),
            "threads must be in [1, 1024], got 1025");
  EXPECT_EQ(options_with(&chatterbox_engine_options::mode, 3), "mode must be in [0, 2], got 3");
  EXPECT_EQ(options_with(&chatterbox_engine_options::max_batch, 257),
            "max_batch must be in [1, 256], got 257");
  EXPECT_EQ(options_with(&chatterbox_engine_options::max_queue, 65537),
            "max_queue must be in [1, 65536], got 65537");
  EXPECT_EQ(options_with(&chatterbox_engine_options::watermark, 3),
            "watermark must be in [0, 2], got 3");
  EXPECT_EQ(options_with(&chatterbox_engine_options::log_level, 5),
            "log_level must be in [0, 4], got 5");
  EXPECT_EQ(options_with<const char*>(&chatterbox_engine_options::model, ""),
            "model must not be empty");
  EXPECT_EQ(options_with<const char*>(&chatterbox_engine_options::device, ""),
            "device must not be empty");
}

TEST_F(WrongMembers, FlagsAreZeroOrOne) {
  EXPECT_EQ(with(&chatterbox_request::has_seed, 2), "has_seed must be 0 or 1, got 2");
  EXPECT_EQ(with(&chatterbox_request::text_tags, -1), "text_tags must be 0 or 1, got -1");
  EXPECT_EQ(with(&chatterbox_request::analyze_alignment, 2),
            "analyze_alignment must be 0, 1 or -1 (unset), got 2");
  EXPECT_EQ(options_with(&chatterbox_engine_options::deterministic, 2),
            "deterministic must be 0 or 1, got 2");
}

TEST_F(WrongMembers, OfAStream) {
  EXPECT_EQ(with(&chatterbox_request::stream, 3), "stream must be in [0, 2], got 3");
  EXPECT_EQ(with(&chatterbox_request::noise, 2), "noise must be in [0, 1], got 2");
  const auto with_stream = [&](auto member, auto value) {
    auto options = filled<chatterbox_stream_options>(chatterbox_stream_options_init);
    options.*member = value;
    chatterbox_request request = request_for("Hello.");
    request.stream = CHATTERBOX_STREAM_CHUNKS;
    request.stream_options = &options;
    return refusal(engine, request);
  };
  using Options = chatterbox_stream_options;
  EXPECT_EQ(with_stream(&Options::halo, 2), "halo must be in [0, 1], got 2");
  EXPECT_EQ(with_stream(&Options::left_tokens, 501), "left_tokens must be in [0, 500], got 501");
  EXPECT_EQ(with_stream(&Options::right_tokens, 2), "right_tokens must be in [3, 13], got 2");
  EXPECT_EQ(with_stream(&Options::right_tokens, 14), "right_tokens must be in [3, 13], got 14");
  EXPECT_EQ(with_stream(&Options::condition_tokens, 51),
            "condition_tokens must be in [0, 50], got 51");
  EXPECT_EQ(with_stream(&Options::slack_tokens, 11), "slack_tokens must be in [0, 10], got 11");
  EXPECT_EQ(with_stream(&Options::prompt, 2), "prompt must be in [0, 1], got 2");
  EXPECT_EQ(with_stream(&Options::chunk_count, 1U), "chunks must not be NULL");
  EXPECT_EQ(with_stream(&Options::reserved, 1), "stream_options.reserved must be 0, got 1");
  chatterbox_request request = request_for("Hello.");
  request.stream = CHATTERBOX_STREAM_CHUNKS;
  request.noise = CHATTERBOX_NOISE_REFERENCE;
  EXPECT_EQ(refusal(engine, request),
            "noise must be by frame, or not set, for what streams in chunks: the reference's needs "
            "the whole speech");
}

TEST_F(WrongMembers, OfTheChunksOfAStream) {
  const auto refused = [&](const std::vector<int32_t>& chunks) {
    auto options = filled<chatterbox_stream_options>(chatterbox_stream_options_init);
    options.chunks = chunks.data();
    options.chunk_count = chunks.size();
    chatterbox_request request = request_for("Hello.");
    request.stream = CHATTERBOX_STREAM_CHUNKS;
    request.stream_options = &options;
    return refusal(engine, request);
  };
  EXPECT_EQ(refused({25, 5}), "the tokens of a chunk must be in [6, 4096], got 5");
  EXPECT_EQ(refused({4097}), "the tokens of a chunk must be in [6, 4096], got 4097");
  EXPECT_EQ(refused(std::vector<int32_t>(33, 25)), "chunks must have at most 32 sizes, got 33");
}

TEST_F(WrongMembers, FilesOfAModel) {
  const auto refused = [](const chatterbox_file& file) {
    chatterbox_engine_options options = default_options();
    options.files = &file;
    options.file_count = 1;
    chatterbox_engine* none = nullptr;
    EXPECT_EQ(chatterbox_engine_create(&options, &none), CHATTERBOX_STATUS_INVALID_ARGUMENT);
    return std::string(chatterbox_last_error());
  };
  EXPECT_EQ(refused({nullptr, "", 0}), "name of a file must not be NULL");
  EXPECT_EQ(refused({"", "", 0}), "the name of a file must not be empty");
  EXPECT_EQ(refused({"a", nullptr, 1}), "data of a file must not be NULL");
  EXPECT_EQ(options_with(&chatterbox_engine_options::file_count, uint64_t{1}),
            "files must not be NULL");
}

}  // namespace
}  // namespace chatterbox::capi_test
