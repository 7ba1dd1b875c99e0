// The fake S3Gen: noise that depends on the request alone.
#include <algorithm>
#include <utility>

#include "support/fake_parts.h"
#include "support/interruption.h"
#include "support/virtual_time.h"

namespace chatterbox::testing {
namespace {

using Batch = std::vector<runtime::Utterance*>;

const FakeUtterance& fake(const runtime::Utterance* utterance) {
  return dynamic_cast<const FakeUtterance&>(*utterance);
}

void check_batch(const Batch& batch) {
  int64_t longest = 0;
  for (const runtime::Utterance* utterance : batch) {
    if (utterance->cfm_steps() != batch.front()->cfm_steps()) breach();
    if (utterance->cfg_steps() != batch.front()->cfg_steps()) breach();
    longest = std::max(longest, utterance->frames());
  }
  const auto rows = static_cast<int64_t>(batch.size());
  if (rows > 1 && rows * longest > kFakeBatchFrames) breach();
}

// What a batch costs at so much a frame.
double cost_of(const Batch& batch, double per_frame, const FakeCosts& costs) {
  double longest = 0, all = 0;
  for (const runtime::Utterance* utterance : batch) {
    const auto frames = static_cast<double>(utterance->frames() + costs.prompt_frames);
    longest = std::max(longest, frames);
    all += frames;
  }
  return per_frame * (longest + (all - longest) * (1 - costs.batch_gain));
}

// Of the window that S3Gen works on: what is to the left of the chunk, it, and what is to the
// right.
double chunk_cost(const FakeUtterance& utterance, const runtime::ChunkRange& chunk,
                  double per_frame, const FakeCosts& costs) {
  const int64_t left = std::min(chunk.begin, utterance.task().stream->left_tokens);
  const int64_t frames = costs.prompt_frames + 2 * (left + chunk.seen - chunk.begin);
  return per_frame * static_cast<double>(frames);
}

}  // namespace

FakeUtterance::FakeUtterance(runtime::Task task, const runtime::TokenStats& stats, bool complete,
                             std::atomic<int>& alive)
    : task_(std::move(task)), stats_(stats), complete_(complete), alive_(alive) {
  ++alive_;
}

void FakeUtterance::extend(const runtime::TokenStats& stats, bool complete) {
  if (complete_ || stats.speech_tokens < stats_.speech_tokens) breach();
  stats_ = stats;
  complete_ = complete;
}

void FakeUtterance::speak(const runtime::ChunkRange& chunk) {
  const int64_t size = chunk.end - chunk.begin;
  if (chunk.begin != spoken_ || size < 1 || chunk.seen < chunk.end) breach();
  if (chunk.seen > tokens() || (chunk.last && !chunk.ends)) breach();
  if (chunk.ends && (!complete_ || chunk.seen != tokens())) breach();
  spoken_ = chunk.end;
}

std::vector<float> FakeUtterance::speech(int64_t begin, int64_t end) const {
  uint64_t state = mix(task_.seed + 1);
  if (task_.top_k != 0) state = mix(state + static_cast<uint64_t>(task_.top_k));
  for (const char letter : task_.text + task_.language) {
    state = mix(state + static_cast<unsigned char>(letter));
  }
  for (const float value : {task_.temperature, task_.cfg_weight, task_.exaggeration, task_.min_p,
                            task_.top_p, task_.repetition_penalty, task_.voice->x_vector.front()}) {
    state = mix(state + static_cast<uint64_t>(value * 1e4F));
  }
  std::vector<float> samples;
  for (int64_t i = begin * kFakeSamplesPerToken; i < end * kFakeSamplesPerToken; ++i) {
    const uint64_t noise = mix(state + static_cast<uint64_t>(i));
    samples.push_back(static_cast<float>(noise >> 40) / static_cast<float>(1 << 23) - 1);
  }
  return samples;
}

void FakeSpeechExecutor::enter() {
  thread_.enter();
  call_hook(FakePoint::kEnterSpeech);
}

void FakeSpeechExecutor::flow(const Batch& batch, const std::function<void(int64_t)>& before_step) {
  thread_.check();
  check_batch(batch);
  for (size_t i = 0; i < batch.size(); ++i) {
    call_hook(FakePoint::kFlow, &fake(batch[i]).task(), static_cast<int64_t>(i));
  }
  const VirtualTime* const time = VirtualTime::current();
  for (int64_t step = 0; step < batch.front()->cfm_steps(); ++step) {
    before_step(step);
    for (const runtime::Utterance* utterance : batch) {
      call_hook(FakePoint::kEuler, &fake(utterance).task(), step);
    }
    if (time != nullptr) pass_time(cost_of(batch, time->costs().euler_frame, time->costs()));
  }
}

std::vector<std::vector<float>> FakeSpeechExecutor::vocode(const Batch& batch) {
  thread_.check();
  check_batch(batch);
  std::vector<std::vector<float>> waves;
  for (size_t i = 0; i < batch.size(); ++i) {
    call_hook(FakePoint::kVocode, &fake(batch[i]).task(), static_cast<int64_t>(i));
    interruption_point();
    waves.push_back(fake(batch[i]).speech());
  }
  const VirtualTime* const time = VirtualTime::current();
  if (time != nullptr) pass_time(cost_of(batch, time->costs().vocoder_frame, time->costs()));
  return waves;
}

std::vector<float> FakeSpeechExecutor::speak_chunk(
    runtime::Utterance& utterance, const runtime::ChunkRange& chunk,
    const std::function<void(int64_t)>& before_step) {
  thread_.check();
  auto& spoken = dynamic_cast<FakeUtterance&>(utterance);
  spoken.speak(chunk);
  call_hook(FakePoint::kChunk, &spoken.task(), chunk.begin);
  const VirtualTime* const time = VirtualTime::current();
  for (int64_t step = 0; step < spoken.cfm_steps(); ++step) {
    before_step(step);
    call_hook(FakePoint::kEuler, &spoken.task(), step);
    interruption_point();
    if (time == nullptr) continue;
    pass_time(chunk_cost(spoken, chunk, time->costs().euler_frame, time->costs()));
  }
  if (time != nullptr) {
    pass_time(chunk_cost(spoken, chunk, time->costs().vocoder_frame, time->costs()));
  }
  return spoken.speech(chunk.begin, chunk.end);
}

std::vector<float> FakeSpeechExecutor::add_watermark(std::vector<float> wave) {
  thread_.check();
  call_hook(FakePoint::kWatermark, nullptr, static_cast<int64_t>(wave.size()));
  interruption_point();
  const VirtualTime* const time = VirtualTime::current();
  if (time != nullptr) pass_time(time->costs().watermark);
  return wave;
}

}  // namespace chatterbox::testing
