#include "nn/device_graphs.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <limits>
#include <mutex>
#include <utility>

namespace chatterbox::nn {
namespace {

struct Recorders {
  std::mutex mutex;
  std::map<c10::DeviceType, std::unique_ptr<GraphRecorder>> by_type;
};

Recorders& recorders() {
  // Graphs may outlive it otherwise. NOLINTNEXTLINE(*-non-const-global-variables)
  static auto* const all = new Recorders;
  return *all;
}

GraphRecorder* recorder_of(c10::DeviceType type) {
  Recorders& all = recorders();
  const std::lock_guard lock(all.mutex);
  const auto found = all.by_type.find(type);
  return found == all.by_type.end() ? nullptr : found->second.get();
}

}  // namespace

void register_graph_recorder(c10::DeviceType type, std::unique_ptr<GraphRecorder> recorder) {
  Recorders& all = recorders();
  const std::lock_guard lock(all.mutex);
  all.by_type.emplace(type, std::move(recorder));
}

DeviceGraphs::DeviceGraphs(c10::Device device, int64_t most, Log log)
    : device_(device),
      recorder_(most > 0 ? recorder_of(device.type()) : nullptr),
      most_(most),
      log_(std::move(log)) {}

void DeviceGraphs::run(const Key& key, const std::function<void()>& work) {
  const auto [found, is_first] = entries_.try_emplace(key);
  Entry& entry = found->second;
  entry.last_use = ++uses_;
  if (entry.graph) return entry.graph->replay();
  if (is_first || entry.eager || recorder_ == nullptr) return work();
  record(entry, work);
}

void DeviceGraphs::record(Entry& entry, const std::function<void()>& work) {
  Recorded made = recorder_->record(device_, work);
  entry.graph = std::move(made.graph);
  if (entry.graph) {
    if (recorded() > most_) forget_oldest();
    return;
  }
  entry.eager = true;
  warn(made.failure);
  work();
}

// Only once another is there: a recorder may keep what all its graphs share until the last one
// goes.
void DeviceGraphs::forget_oldest() {
  const auto key = [](const auto& entry) {
    return entry.second.graph ? entry.second.last_use : std::numeric_limits<int64_t>::max();
  };
  const auto oldest =
      std::min_element(entries_.begin(), entries_.end(),
                       [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const c10::impl::VirtualGuardImpl streams(device_.type());
  streams.synchronizeStream(streams.getStream(device_));  // which may be at it still
  entries_.erase(oldest);
}

void DeviceGraphs::warn(const std::string& failure) {
  if (std::exchange(warned_, true)) return;
  log_.warning(0, "{}: work is not recorded as a graph, and takes longer: {}", device_.str(),
               failure);
}

int64_t DeviceGraphs::recorded() const {
  return std::count_if(entries_.begin(), entries_.end(),
                       [](const auto& entry) { return entry.second.graph != nullptr; });
}

}  // namespace chatterbox::nn
