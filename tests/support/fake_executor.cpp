#include "support/fake_executor.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/mode.h"
#include "support/error.h"

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

void call_hook(FakePoint point, const engine::Task* task = nullptr, int64_t index = 0,
               const EngineOptions* options = nullptr) {
  std::shared_ptr<const FakeHook> hook;
  {
    const std::lock_guard<std::mutex> lock(hook_slot().mutex);
    hook = hook_slot().hook;
  }
  if (hook) (*hook)({point, task, index, options});
}

std::atomic<int>& breaches() {
  static std::atomic<int> count{0};
  return count;
}

std::atomic<int>& executors() {
  static std::atomic<int> count{0};
  return count;
}

// Counts executors: their constructor may throw.
struct Counted {
  Counted() { ++executors(); }
  ~Counted() { --executors(); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
};

// splitmix64's finaliser: a good enough mix for noise that depends on everything put in.
uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

class FakeExecutor final : public engine::Executor {
 public:
  explicit FakeExecutor(const EngineOptions& options) : options_(options) {
    call_hook(FakePoint::kLoad, nullptr, 0, &options);
    if (options.model != "demo" && options.model != kFakeWithoutVoice) {
      fail(Status::kNotFound, "model {}: no such folder", options.model);
    }
    if (options.model != kFakeWithoutVoice) {
      voice_ = std::make_shared<const voice::Conditionals>(fake_conditionals(1));
    }
  }

  EngineInfo info() const override {
    EngineInfo info;
    info.family = "fake";
    info.model = options_.model;
    info.device = options_.device;
    info.precision = options_.precision == Precision::kBf16 ? "bf16" : "fp32";
    info.parameters = 7;
    info.weight_bytes = 28;
    info.max_text_tokens = kFakeMaxTextBytes;
    info.kv_bytes_per_position = 16;
    info.load_seconds = 0.25;
    info.has_default_voice = voice_ != nullptr;
    info.watermark = true;
    info.languages = {"de", "fr"};
    return info;
  }

  std::shared_ptr<const voice::Conditionals> default_voice() const override { return voice_; }

  std::shared_ptr<const voice::Conditionals> named_voice(const std::string& name) const override {
    if (name != kFakeVoice) fail(Status::kNotFound, "no voice {}", name);
    return std::make_shared<const voice::Conditionals>(fake_conditionals(2));
  }

  engine::CacheLimits limits() const override {
    const int64_t requests = mode() == Mode::kSequential ? 1 : options_.max_batch;
    const int64_t most = 2 * requests;
    return {options_.memory_limit > 0 ? options_.memory_limit : most, 7, 70, kFakeBatchFrames,
            kFakePrefixBytes};
  }

  // Its "cuda" is a device on which a row depends on the others, and S3Gen has a thread of its own.
  Mode mode() const override { return engine::effective_mode(options_, !is_cuda()); }

  Request default_request() const override {
    Request request;
    request.cfm_steps = kFakeDefaultSteps;
    return request;
  }

  int64_t rows(const engine::Task& task) const override {
    if (task.source) return 0;
    return task.cfg_weight != 0 ? 2 : 1;
  }

  int64_t text_tokens(const engine::Task& task) const override {
    return static_cast<int64_t>(task.text.size());
  }

  int64_t piece_tokens() const override { return kFakePieceTokens; }

  void check(const engine::Task& task) const override {
    call_hook(FakePoint::kCheck, &task);
    const int64_t size = text_tokens(task);
    if (size > kFakeMaxTextBytes) {
      fail(Status::kInvalidArgument, "text has {} tokens, the limit is {}", size,
           kFakeMaxTextBytes);
    }
  }

  void enter_worker() override {
    worker_ = std::this_thread::get_id();
    call_hook(FakePoint::kEnter);
  }

  void leave_worker() override {
    check_thread();
    if (!sequences_.empty()) ++breaches();
    worker_ = {};
  }

  bool overlaps() const override { return is_cuda(); }

  void enter_speech_thread() override {
    speaker_ = std::this_thread::get_id();
    call_hook(FakePoint::kEnterSpeech);
  }

  void leave_speech_thread() override {
    if (std::this_thread::get_id() != speaker_) ++breaches();
  }

  int64_t begin(const engine::Task& task) override {
    check_thread();
    if (!task.voice) ++breaches();
    call_hook(FakePoint::kBegin, &task);
    emit(task, "fake.text", static_cast<float>(task.text.size()));
    const std::lock_guard<std::mutex> lock(mutex_);
    Sequence& added = sequences_[next_id_];
    added.task = task;
    if (task.source) added.tokens = fake_source_tokens(*task.source);
    int64_t taken = 0;
    for (const auto& [id, sequence] : sequences_) {
      if (!sequence.collected) taken += rows(sequence.task);
    }
    if (taken > limits().rows) ++breaches();
    return next_id_++;
  }

  bool prefill(int64_t id) override {
    check_thread();
    Sequence& found = sequence(id);
    if (found.prefilled == kFakePrefills) ++breaches();
    call_hook(FakePoint::kPrefill, &found.task, found.prefilled);
    return ++found.prefilled == kFakePrefills;
  }

  std::vector<float> mark(std::vector<float> wave) override { return wave; }

  engine::PrefixStats prefix_stats() const override { return {next_id_, 2, 3}; }

  void step() override {
    check_thread();
    for (const int64_t id : drawing()) {
      Sequence& found = sequence(id);
      call_hook(FakePoint::kStep, &found.task, found.tokens);
      ++found.tokens;
      emit(found.task, "fake.token", static_cast<float>(found.tokens));
    }
  }

  bool generated(int64_t id) const override { return has_all_tokens(sequence(id)); }

  int64_t collect(int64_t id) override {
    check_thread();
    if (!generated(id) || sequence(id).collected) ++breaches();
    if (sequence(id).prefilled != kFakePrefills) ++breaches();
    call_hook(FakePoint::kCollect, &sequence(id).task);
    sequence(id).collected = true;
    return frames(sequence(id));
  }

  engine::TokenStats stats(int64_t id) const override {
    const Sequence& found = sequence(id);
    engine::TokenStats stats;
    if (found.task.source) {
      stats.speech_tokens = found.tokens;
      return stats;
    }
    stats.text_tokens = static_cast<int64_t>(found.task.text.size()) + 2;
    stats.speech_tokens = found.tokens;
    stats.decode_steps = found.tokens - 1;
    const bool ended = found.tokens == fake_tokens(found.task.text);
    stats.finish_reason = ended ? FinishReason::kEos : FinishReason::kMaxTokens;
    stats.text_seconds = 1e-6;
    stats.prefill_seconds = 2e-6;
    stats.quality.longest_repetition = 3;
    if (found.task.analyze_alignment) {
      stats.quality.text_coverage = 0.75F;
      stats.quality.interventions = {{Intervention::kEndSuppressed, 4, 2},
                                     {Intervention::kTokenRepetition, 6, 1}};
    }
    return stats;
  }

  void flow(const std::vector<int64_t>& ids,
            const std::function<void(int64_t)>& before_step) override {
    check_speech_thread();
    const engine::Task& first = sequence(ids.front()).task;
    check_batch(ids);
    for (size_t i = 0; i < ids.size(); ++i) {
      call_hook(FakePoint::kFlow, &sequence(ids[i]).task, static_cast<int64_t>(i));
    }
    for (int64_t step = 0; step < first.cfm_steps; ++step) {
      before_step(step);
      call_hook(FakePoint::kEuler, &first, step);
    }
  }

  std::vector<std::vector<float>> vocode(const std::vector<int64_t>& ids) override {
    check_speech_thread();
    check_batch(ids);
    std::vector<std::vector<float>> waves;
    for (size_t i = 0; i < ids.size(); ++i) {
      const Sequence& found = sequence(ids[i]);
      call_hook(FakePoint::kVocode, &found.task, static_cast<int64_t>(i));
      waves.push_back(speech(found));
    }
    return waves;
  }

  void end(int64_t id) noexcept override {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = sequences_.extract(id);
    if (!found) {
      ++breaches();
    } else if (!found.mapped().collected || std::this_thread::get_id() != speaker_) {
      check_thread();
    }
  }

  voice::Conditionals make_voice(const Audio& recording, const VoiceOptions& options) override {
    check_thread();
    call_hook(FakePoint::kMakeVoice);
    const auto size = static_cast<int64_t>(recording.samples.size());
    if (options.on_tensor) {
      options.on_tensor(
          {"fake.recording", TensorView::Type::kFloat32, &size, 1, recording.samples.data()});
    }
    return fake_conditionals(recording.samples.front() + (options.normalise_loudness ? 0 : 1));
  }

 private:
  struct Sequence {
    engine::Task task;
    int64_t prefilled = 0;  // parts of the prefill
    int64_t tokens = 0;
    bool collected = false;
  };

  static int64_t frames(const Sequence& sequence) { return 2 * sequence.tokens; }

  void check_batch(const std::vector<int64_t>& ids) const {
    int64_t longest = 0;
    for (const int64_t id : ids) {
      const Sequence& found = sequence(id);
      if (!found.collected) ++breaches();
      if (found.task.cfm_steps != sequence(ids.front()).task.cfm_steps) ++breaches();
      longest = std::max(longest, frames(found));
    }
    const auto rows = static_cast<int64_t>(ids.size());
    if (rows > 1 && rows * longest > kFakeBatchFrames) ++breaches();
  }

  void check_thread() const {
    if (std::this_thread::get_id() != worker_) ++breaches();
  }

  void check_speech_thread() const {
    const bool own = overlaps() && mode() == Mode::kDynamic;
    if (std::this_thread::get_id() != (own ? speaker_ : worker_)) ++breaches();
  }

  bool is_cuda() const { return options_.device.rfind("cuda", 0) == 0; }

  // What draws a token in the next step.
  std::vector<int64_t> drawing() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<int64_t> ids;
    for (const auto& [id, found] : sequences_) {
      if (found.prefilled == kFakePrefills && !found.collected && !has_all_tokens(found)) {
        ids.push_back(id);
      }
    }
    return ids;
  }

  static bool has_all_tokens(const Sequence& found) {
    if (found.task.source) return true;
    return found.tokens >= std::min(found.task.max_new_tokens, fake_tokens(found.task.text));
  }

  const Sequence& sequence(int64_t id) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (sequences_.count(id) == 0) ++breaches();
    return sequences_.at(id);
  }

  Sequence& sequence(int64_t id) {
    return const_cast<Sequence&>(std::as_const(*this).sequence(id));
  }

  static void emit(const engine::Task& task, const char* name, float value) {
    const int64_t size = 1;
    if (task.sink) task.sink({name, TensorView::Type::kFloat32, &size, 1, &value});
  }

  static std::vector<float> speech(const Sequence& sequence) {
    const engine::Task& task = sequence.task;
    uint64_t state = mix(task.seed + 1);
    if (task.top_k != 0) state = mix(state + static_cast<uint64_t>(task.top_k));
    for (const char letter : task.text + task.language)
      state = mix(state + static_cast<unsigned char>(letter));
    for (const float value : {task.temperature, task.cfg_weight, task.exaggeration, task.min_p,
                              task.top_p, task.repetition_penalty, task.voice->x_vector.front()}) {
      state = mix(state + static_cast<uint64_t>(value * 1e4F));
    }
    std::vector<float> samples(static_cast<size_t>(sequence.tokens * kFakeSamplesPerToken));
    for (float& sample : samples) {
      state = mix(state + 1);
      sample = static_cast<float>(state >> 40) / static_cast<float>(1 << 23) - 1;
    }
    return samples;
  }

  Counted counted_;
  EngineOptions options_;
  std::shared_ptr<const voice::Conditionals> voice_;
  std::thread::id worker_, speaker_;
  mutable std::mutex mutex_;  // for the map
  std::map<int64_t, Sequence> sequences_;
  int64_t next_id_ = 1;
};

}  // namespace

ScopedFakeHook::ScopedFakeHook(FakeHook hook) {
  const std::lock_guard<std::mutex> lock(hook_slot().mutex);
  hook_slot().hook = std::make_shared<const FakeHook>(std::move(hook));
}

ScopedFakeHook::~ScopedFakeHook() {
  const std::lock_guard<std::mutex> lock(hook_slot().mutex);
  hook_slot().hook.reset();
}

int fake_breaches() { return breaches(); }

int fake_executors() { return executors(); }

int64_t fake_source_tokens(const Audio& source) {
  return static_cast<int64_t>(source.samples.size()) / 1000;
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

namespace chatterbox::engine {

std::unique_ptr<Executor> make_executor(const EngineOptions& options) {
  return std::make_unique<testing::FakeExecutor>(options);
}

}  // namespace chatterbox::engine

namespace chatterbox {

// Says how loud the audio begins.
float detect_watermark(const Audio& audio) { return audio.samples.front(); }

}  // namespace chatterbox
