// The fake T3: as many tokens as the text has letters, and four more.
#include <algorithm>
#include <utility>

#include "support/fake_parts.h"
#include "support/interruption.h"
#include "support/virtual_time.h"

namespace chatterbox::testing {
namespace {

using runtime::Task;
using runtime::TaskKind;

void emit(const Task& task, const char* name, float value) {
  const int64_t size = 1;
  if (task.sink) task.sink({name, TensorView::Type::kFloat32, &size, 1, &value});
}

void emit_recording(const Task& task) {
  const auto size = static_cast<int64_t>(task.source->samples.size());
  if (!task.sink) return;
  task.sink({"fake.recording", TensorView::Type::kFloat32, &size, 1, task.source->samples.data()});
}

// Whether it has all its tokens.
bool is_complete(const Task& task, int64_t tokens) {
  if (task.source) return true;
  return tokens >= std::min(task.max_new_tokens, fake_tokens(task.text));
}

// Each letter is a token's sound, as long as a token is.
std::vector<Word> words_of(const Task& task, int64_t tokens) {
  std::vector<Word> words;
  const double second = fake_tokens_per_second();
  for (const text::TextWord& word : task.words) {
    if (word.end_token >= tokens) break;
    words.push_back({word.begin, word.end, static_cast<double>(word.first_token) / second,
                     static_cast<double>(word.end_token) / second});
  }
  return words;
}

runtime::TokenStats stats_of(const Task& task, int64_t tokens) {
  runtime::TokenStats stats;
  stats.speech_tokens = tokens;
  if (task.source) return stats;
  stats.text_tokens = static_cast<int64_t>(task.text_ids.size()) + 2;
  stats.decode_steps = tokens - 1;
  const bool ended = tokens == fake_tokens(task.text);
  stats.finish_reason = ended ? FinishReason::kEos : FinishReason::kMaxTokens;
  stats.text_seconds = 1e-6;
  stats.prefill_seconds = 2e-6;
  stats.quality.longest_repetition = 3;
  stats.words = words_of(task, tokens);
  if (task.analyze_alignment) {
    stats.quality.text_coverage = 0.75F;
    stats.quality.interventions = {{Intervention::kEndSuppressed, 4, 2},
                                   {Intervention::kTokenRepetition, 6, 1}};
  }
  return stats;
}

double prefill_cost() {
  const VirtualTime* const time = VirtualTime::current();
  return time != nullptr ? time->costs().prefill_part : 0;
}

double step_cost(int64_t rows) {
  const VirtualTime* const time = VirtualTime::current();
  if (time == nullptr) return 0;
  return time->costs().step + time->costs().step_row * static_cast<double>(rows);
}

}  // namespace

FakeTokenExecutor::~FakeTokenExecutor() {
  if (!sequences_.empty() || utterances_ != 0) breach();
}

void FakeTokenExecutor::enter() {
  thread_.enter();
  call_hook(FakePoint::kEnter);
}

void FakeTokenExecutor::leave() noexcept {
  if (!sequences_.empty()) breach();
  thread_.leave();
}

int64_t FakeTokenExecutor::begin(const Task& task) {
  thread_.check();
  if (!task.voice && task.kind != TaskKind::kVoice) breach();
  if ((task.kind == TaskKind::kSpeech) == (task.source != nullptr)) breach();
  if (task.text_ids.size() != task.text.size()) breach();
  call_hook(FakePoint::kBegin, &task);
  Sequence& added = sequences_[next_id_];
  added.task = task;
  added.parts = task.source ? fake_reads(*task.source) : kFakePrefills;
  if (task.source) {
    added.tokens = fake_source_tokens(*task.source);
    emit_recording(task);
  } else {
    emit(task, "fake.text", static_cast<float>(task.text.size()));
  }
  int64_t taken = 0;
  for (const auto& [id, sequence] : sequences_) taken += fake_rows(sequence.task);
  if (taken > rows_) breach();
  return next_id_++;
}

bool FakeTokenExecutor::prefill(int64_t id) {
  thread_.check();
  Sequence& found = sequence(id);
  if (found.done == found.parts) breach();
  call_hook(FakePoint::kPrefill, &found.task, found.done);
  interruption_point();
  pass_time(prefill_cost());
  return ++found.done == found.parts;
}

void FakeTokenExecutor::step() {
  thread_.check();
  int64_t rows = 0;
  for (auto& [id, found] : sequences_) {
    if (found.done < found.parts || is_complete(found.task, found.tokens)) continue;
    call_hook(FakePoint::kStep, &found.task, found.tokens);
    ++found.tokens;
    emit(found.task, "fake.token", static_cast<float>(found.tokens));
    rows += fake_rows(found.task);
  }
  if (rows == 0) breach();  // for nothing
  pass_time(step_cost(rows));
}

bool FakeTokenExecutor::generated(int64_t id) const {
  const Sequence& found = sequence(id);
  return found.done == found.parts && is_complete(found.task, found.tokens);
}

int64_t FakeTokenExecutor::drawn(int64_t id) const { return sequence(id).tokens; }

std::unique_ptr<runtime::Utterance> FakeTokenExecutor::collect(int64_t id) {
  thread_.check();
  if (!generated(id)) breach();
  Sequence ended = take(id);
  if (ended.task.kind == TaskKind::kVoice) breach();
  call_hook(FakePoint::kCollect, &ended.task);
  if (ended.opened || ended.task.stream) breach();
  const runtime::TokenStats stats = stats_of(ended.task, ended.tokens);
  return std::make_unique<FakeUtterance>(std::move(ended.task), stats, true, utterances_);
}

std::unique_ptr<runtime::Utterance> FakeTokenExecutor::open(int64_t id) {
  Sequence& found = sequence(id);
  if (found.opened || found.done < found.parts || !found.task.stream) breach();
  if (found.task.noise != runtime::NoiseLayout::kByFrame) breach();
  call_hook(FakePoint::kOpen, &found.task);
  found.opened = true;
  return std::make_unique<FakeUtterance>(found.task, runtime::TokenStats{}, false, utterances_);
}

void FakeTokenExecutor::extend(int64_t id, runtime::Utterance& utterance) {
  const Sequence& found = sequence(id);
  if (!found.opened) breach();
  const bool complete = generated(id);
  if (complete) call_hook(FakePoint::kCollect, &found.task);
  dynamic_cast<FakeUtterance&>(utterance).extend(stats_of(found.task, found.tokens), complete);
}

voice::Conditionals FakeTokenExecutor::collect_voice(int64_t id) {
  thread_.check();
  if (!generated(id)) breach();
  const Sequence ended = take(id);
  if (ended.task.kind != TaskKind::kVoice) breach();
  call_hook(FakePoint::kMakeVoice, &ended.task);
  return fake_conditionals(ended.task.source->samples.front() +
                           (ended.task.normalise_loudness ? 0.F : 1.F));
}

void FakeTokenExecutor::end(int64_t id) noexcept {
  thread_.check();
  if (sequences_.erase(id) == 0) breach();
}

FakeTokenExecutor::Sequence& FakeTokenExecutor::sequence(int64_t id) {
  return const_cast<Sequence&>(std::as_const(*this).sequence(id));
}

const FakeTokenExecutor::Sequence& FakeTokenExecutor::sequence(int64_t id) const {
  thread_.check();
  if (sequences_.count(id) == 0) breach();
  return sequences_.at(id);
}

FakeTokenExecutor::Sequence FakeTokenExecutor::take(int64_t id) {
  (void)sequence(id);
  return std::move(sequences_.extract(id).mapped());
}

}  // namespace chatterbox::testing
