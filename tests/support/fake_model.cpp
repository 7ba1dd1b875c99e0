// The fake model: its hook, its counters, its catalog.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "runtime/mode.h"
#include "support/error.h"
#include "support/fake_parts.h"
#include "support/virtual_time.h"

namespace chatterbox::testing {
namespace {

struct HookSlot {
  std::mutex mutex;
  std::shared_ptr<const FakeHook> hook;
};

HookSlot& hook_slot() {
  static HookSlot slot;
  return slot;
}

std::atomic<int>& breaches() {
  static std::atomic<int> count{0};
  return count;
}

std::atomic<int>& models() {
  static std::atomic<int> count{0};
  return count;
}

// Counts models: their constructor may throw.
struct Counted {
  Counted() { ++models(); }
  ~Counted() { --models(); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
};

class FakeCatalog final : public runtime::ModelCatalog {
 public:
  explicit FakeCatalog(const EngineOptions& options) : options_(options) {
    if (options.model != kFakeWithoutVoice) {
      voice_ = std::make_shared<const voice::Conditionals>(fake_conditionals(1));
    }
    // In virtual time, tokens last as long as real ones: 25 a second.
    info_.sample_rate = static_cast<int32_t>(fake_tokens_per_second()) * kFakeSamplesPerToken;
    info_.family = "fake";
    info_.model = options_.model;
    info_.device = options_.device;
    info_.precision = options_.precision == Precision::kBf16 ? "bf16" : "fp32";
    info_.t3_precision = "int8";
    info_.s3gen_precision = "bf16";
    info_.kv_cache = "bf16";
    info_.t3_kernels = "int8 fake";
    info_.s3gen_kernels = "bf16 fake";
    info_.parameters = 7;
    info_.weight_bytes = 28;
    info_.max_text_tokens = kFakeMaxTextBytes;
    info_.kv_bytes_per_position = 16;
    info_.load_seconds = 0.25;
    info_.has_default_voice = voice_ != nullptr;
    info_.watermark = true;
    info_.quantised = options.family == Family::kNano;
    info_.languages = {"de", "fr"};
    info_.voices = {kFakeVoice};
    info_.defaults.cfm_steps = kFakeSteps;
    if (options.family == Family::kTurbo) info_.defaults = kFakeTurbo;
    info_.meanflow = options.family == Family::kNano;
  }

  const EngineInfo& info() const override { return info_; }

  runtime::CacheLimits limits() const override {
    const int64_t requests = mode() == Mode::kSequential ? 1 : options_.max_batch.value_or(8);
    constexpr int64_t kMostRows = int64_t{1} << 32;
    const int64_t rows = std::min(options_.memory_limit.value_or(2 * requests), kMostRows);
    return {rows, 7, 70, kFakeBatchFrames, kFakePrefixBytes, 0, requests};
  }

  // On its "cuda" a row depends on the others.
  Mode mode() const override { return runtime::effective_mode(options_, !is_cuda()); }

  runtime::DeviceTraits device_traits() const override {
    return {is_cuda(), is_cuda() || options_.device == kFakeBatching,
            options_.device == kFakeReading ? kFakeReads : 1};
  }

  std::shared_ptr<const voice::Conditionals> default_voice() const override { return voice_; }

  std::shared_ptr<const voice::Conditionals> named_voice(const std::string& name) const override {
    if (name != kFakeVoice) fail(Status::kNotFound, "no voice {}", name);
    return std::make_shared<const voice::Conditionals>(fake_conditionals(2));
  }

  std::vector<int64_t> encode(const runtime::Task& task) const override {
    call_hook(FakePoint::kEncode, &task);
    return {task.text.begin(), task.text.end()};
  }

  std::vector<text::TextWord> words(const runtime::Task& task) const override {
    return text::words_of(task.text, task.text_ids, ' ', [](std::string_view part) {
      return std::vector<int64_t>(part.begin(), part.end());
    });
  }

  int64_t text_tokens(const runtime::Task& task) const override {
    return static_cast<int64_t>(task.text.size());
  }

  int64_t piece_tokens() const override { return kFakePieceTokens; }

  int64_t rows(const runtime::Task& task) const override { return fake_rows(task); }

  void check(const runtime::Task& task) const override {
    call_hook(FakePoint::kCheck, &task);
    const int64_t size = text_tokens(task);
    if (size > kFakeMaxTextBytes) {
      fail(Status::kInvalidArgument, "text has {} tokens, the limit is {}", size,
           kFakeMaxTextBytes);
    }
  }

 private:
  bool is_cuda() const { return options_.device.rfind("cuda", 0) == 0; }

  const EngineOptions options_;
  EngineInfo info_;
  std::shared_ptr<const voice::Conditionals> voice_;
};

void check_model_name(const EngineOptions& options) {
  call_hook(FakePoint::kLoad, nullptr, 0, &options);
  if (options.model != "demo" && options.model != kFakeWithoutVoice) {
    fail(Status::kNotFound, "model {}: no such folder", options.model);
  }
}

class FakeModel final : public runtime::Model {
 public:
  explicit FakeModel(const EngineOptions& options)
      : catalog_((check_model_name(options), options)), tokens_(catalog_.limits().rows) {}

  const runtime::ModelCatalog& catalog() const override { return catalog_; }
  runtime::TokenExecutor& tokens() override { return tokens_; }
  runtime::SpeechExecutor& speech() override { return speech_; }
  std::chrono::steady_clock::time_point now() const override {
    call_hook(FakePoint::kNow);
    const VirtualTime* const time = VirtualTime::current();
    return time != nullptr ? time->now() : std::chrono::steady_clock::now();
  }

 private:
  const Counted counted_;
  const FakeCatalog catalog_;
  FakeTokenExecutor tokens_;
  FakeSpeechExecutor speech_;
};

}  // namespace

void call_hook(FakePoint point, const runtime::Task* task, int64_t index,
               const EngineOptions* options) {
  std::shared_ptr<const FakeHook> hook;
  {
    const std::lock_guard<std::mutex> lock(hook_slot().mutex);
    hook = hook_slot().hook;
  }
  if (hook) (*hook)({point, task, index, options});
}

void breach() { ++breaches(); }

void pass_time(double seconds) {
  if (VirtualTime* const time = VirtualTime::current()) time->pass(seconds);
}

uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

double fake_tokens_per_second() {
  const bool as_real_ones = VirtualTime::current() != nullptr;
  return as_real_ones ? 25 : 24000 / static_cast<double>(kFakeSamplesPerToken);
}

int64_t fake_rows(const runtime::Task& task) {
  if (task.kind != runtime::TaskKind::kSpeech) return 0;
  return task.cfg_weight != 0 ? 2 : 1;
}

ScopedFakeHook::ScopedFakeHook(FakeHook hook) {
  const std::lock_guard<std::mutex> lock(hook_slot().mutex);
  hook_slot().hook = std::make_shared<const FakeHook>(std::move(hook));
}

ScopedFakeHook::~ScopedFakeHook() {
  const std::lock_guard<std::mutex> lock(hook_slot().mutex);
  hook_slot().hook.reset();
}

int fake_breaches() { return breaches(); }

int fake_models() { return models(); }

// 24 a second, at any rate.
int64_t fake_source_tokens(const Audio& source) {
  const int64_t frames = static_cast<int64_t>(source.samples.size()) / source.channels;
  return frames * 24 / source.sample_rate;
}

int64_t fake_reads(const Audio& source) {
  const int64_t frames = static_cast<int64_t>(source.samples.size()) / source.channels;
  return kFakePrefills + frames / (30 * int64_t{source.sample_rate});
}

int64_t fake_tokens(const std::string& text) { return 4 + static_cast<int64_t>(text.size()); }

voice::Conditionals fake_conditionals(float mark) {
  voice::Conditionals conditionals;
  conditionals.speaker_emb.assign(256, 0.0625F);
  conditionals.prompt_tokens = {1, 2, 3};
  conditionals.s3gen_tokens = {4, 5};
  conditionals.s3gen_mel.assign(5 * 80, -1.5F);
  conditionals.x_vector.assign(192, mark);
  return conditionals;
}

}  // namespace chatterbox::testing

namespace chatterbox::runtime {

std::unique_ptr<Model> load_model(const EngineOptions& options, const Log& /*log*/) {
  return std::make_unique<testing::FakeModel>(options);
}

}  // namespace chatterbox::runtime
