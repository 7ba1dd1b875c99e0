#include "engine/scheduling/speech_policy.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "engine/scheduling/costs.h"

namespace chatterbox::engine {
namespace {

using Batch = std::vector<size_t>;

// Whether an earlier piece of the same long text is ready too.
bool is_preceded(const std::vector<ReadyUtterance>& ready, size_t index) {
  const uint64_t series = ready[index].series;
  const auto end = ready.begin() + static_cast<std::ptrdiff_t>(index);
  return series != 0 && std::any_of(ready.begin(), end, [series](const ReadyUtterance& other) {
           return other.series == series;
         });
}

// By their steps, and then by length.
std::vector<Batch> batches_of(const std::vector<ReadyUtterance>& ready, int64_t max_frames) {
  Batch all(ready.size());
  std::iota(all.begin(), all.end(), size_t{0});
  const auto steps = [&](size_t i) { return std::pair(ready[i].cfm_steps, ready[i].cfg_steps); };
  const auto key = [&](size_t i) { return std::pair(steps(i), ready[i].frames); };
  std::stable_sort(all.begin(), all.end(), [&](size_t a, size_t b) { return key(a) < key(b); });
  std::vector<Batch> batches;
  for (const size_t i : all) {
    const auto fits = [&](const Batch& batch) {
      const auto rows = static_cast<int64_t>(batch.size()) + 1;
      return steps(batch.front()) == steps(i) && rows * ready[i].frames <= max_frames;
    };
    if (batches.empty() || !fits(batches.back())) batches.emplace_back();
    batches.back().push_back(i);
  }
  return batches;
}

// The highest priority in a batch, then the longest wait.
std::pair<int32_t, int64_t> urgency(const std::vector<ReadyUtterance>& ready, const Batch& batch) {
  std::pair<int32_t, int64_t> most{ready[batch.front()].priority, 0};
  for (const size_t i : batch) {
    most.first = std::max(most.first, ready[i].priority);
    most.second = std::max(most.second, ready[i].steps_waited);
  }
  return most;
}

}  // namespace

std::vector<size_t> next_alone(const std::vector<ReadyUtterance>& ready) {
  // The lowest is next; of equal ones the first.
  const auto rank = [&](size_t i) {
    const ReadyUtterance& utterance = ready[i];
    const bool must_go = utterance.times_overtaken >= kMaxOvertaken;
    const int64_t work = must_go ? 0 : speech_work(utterance.frames, utterance.cfm_steps);
    return std::tuple(-utterance.priority, !must_go, work);
  };
  Batch candidates;
  for (size_t i = 0; i < ready.size(); ++i) {
    if (!is_preceded(ready, i)) candidates.push_back(i);
  }
  if (candidates.empty()) return {};
  return {*std::min_element(candidates.begin(), candidates.end(),
                            [&](size_t a, size_t b) { return rank(a) < rank(b); })};
}

std::vector<size_t> next_batch(const std::vector<ReadyUtterance>& ready, int64_t drawing,
                               int64_t max_frames) {
  std::vector<Batch> batches = batches_of(ready, max_frames);
  if (batches.empty()) return {};
  const auto first = std::max_element(
      batches.begin(), batches.end(),
      [&](const Batch& a, const Batch& b) { return urgency(ready, a) < urgency(ready, b); });
  const bool enough = static_cast<int64_t>(ready.size()) >= drawing || batches.size() > 1;
  if (!enough && urgency(ready, *first).second < kPatience) return {};
  return std::move(*first);
}

}  // namespace chatterbox::engine
