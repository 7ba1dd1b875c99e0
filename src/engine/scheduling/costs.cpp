#include "engine/scheduling/costs.h"

namespace chatterbox::engine {
namespace {

constexpr int64_t kTokenRate = 25;  // speech tokens a second
constexpr int64_t kFramesPerToken = 2;

int64_t source_tokens(const Audio& source) {
  return static_cast<int64_t>(source.samples.size()) * kTokenRate /
         std::max<int64_t>(1, int64_t{source.sample_rate} * source.channels);
}

// Speech tokens that a task will have.
int64_t expected_tokens(const Costs& costs, const runtime::Task& task) {
  if (task.source) return source_tokens(*task.source);
  const double tokens = costs.tokens_per_id * static_cast<double>(task.text_ids.size());
  return std::min(task.max_new_tokens, static_cast<int64_t>(tokens));
}

}  // namespace

double seconds_ahead(const Costs& costs, const runtime::Task& task, int64_t drawn) {
  if (task.kind == runtime::TaskKind::kVoice) return 0;
  const int64_t tokens = std::max(drawn, expected_tokens(costs, task));
  const int64_t to_draw = task.kind == runtime::TaskKind::kSpeech ? tokens - drawn : 0;
  const auto prompt = static_cast<int64_t>(task.voice ? task.voice->s3gen_tokens.size() : 0);
  const int64_t work = speech_work(kFramesPerToken * (prompt + tokens), task.cfm_steps);
  return costs.token * static_cast<double>(to_draw) + costs.speech * static_cast<double>(work);
}

}  // namespace chatterbox::engine
