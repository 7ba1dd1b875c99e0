#include "nn/device_graphs.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace chatterbox::nn {
namespace {

struct Recorders {
  std::mutex mutex;
  std::map<c10::DeviceType, std::unique_ptr<GraphRecorder>> by_type;
};

Recorders& recorders() {
  static auto* const all = new Recorders;  // graphs may outlive it otherwise
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

DeviceGraphs::DeviceGraphs(c10::Device device, Log log)
    : device_(device), recorder_(recorder_of(device.type())), log_(std::move(log)) {}

void DeviceGraphs::run(const Key& key, const std::function<void()>& work) {
  const auto [found, is_first] = entries_.try_emplace(key);
  Entry& entry = found->second;
  if (entry.graph) return entry.graph->replay();
  if (is_first || entry.eager || recorder_ == nullptr) return work();
  record(entry, work);
}

void DeviceGraphs::record(Entry& entry, const std::function<void()>& work) {
  Recorded recorded = recorder_->record(device_, work);
  entry.graph = std::move(recorded.graph);
  if (entry.graph) return;
  entry.eager = true;
  warn(recorded.failure);
  work();
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
