#include "engine/scheduling/stream_policy.h"

#include <algorithm>
#include <tuple>

#include "engine/scheduling/speech_policy.h"

namespace chatterbox::engine {
namespace {

// Whether an earlier piece of the same long text streams too.
bool is_preceded(const std::vector<LiveStream>& streams, size_t index) {
  const uint64_t series = streams[index].series;
  const auto end = streams.begin() + static_cast<std::ptrdiff_t>(index);
  return series != 0 && std::any_of(streams.begin(), end, [series](const LiveStream& other) {
           return other.series == series;
         });
}

std::vector<size_t> heads(const std::vector<LiveStream>& streams) {
  std::vector<size_t> heads;
  for (size_t i = 0; i < streams.size(); ++i) {
    if (!is_preceded(streams, i)) heads.push_back(i);
  }
  return heads;
}

}  // namespace

std::optional<size_t> most_urgent(const std::vector<LiveStream>& streams, bool overlaps) {
  // The lowest is next; of equal ones the first that is due. Priorities count among those that have
  // time, and among those that have none.
  const auto rank = [&](size_t i) {
    const LiveStream& stream = streams[i];
    const double slack = stream.ahead - stream.lead;
    return std::tuple(slack > 0, -stream.priority, slack, !stream.due);
  };
  std::optional<size_t> first;
  for (const size_t i : heads(streams)) {
    if (overlaps && !streams[i].due) continue;
    if (!first || rank(i) < rank(*first)) first = i;
  }
  return first && streams[*first].due ? first : std::nullopt;
}

bool goes_before_chunks(const WholeUtterance& utterance, const std::vector<LiveStream>& streams) {
  if (utterance.chunks_let_pass >= kMaxChunksLetPass) return true;
  const std::vector<size_t> all = heads(streams);
  const bool nobody_falls_silent = std::all_of(all.begin(), all.end(), [&](size_t i) {
    return streams[i].ahead > 0 && streams[i].ahead - streams[i].lead >= utterance.seconds;
  });
  if (nobody_falls_silent) return true;
  const bool due = std::any_of(all.begin(), all.end(), [&](size_t i) { return streams[i].due; });
  return !due && utterance.steps_waited >= kPatience;
}

}  // namespace chatterbox::engine
