// Work on a device that is asked for once and then replayed as a whole: a CUDA graph. What it
// reads and writes lies where it lay when it was recorded, and its shapes are the same.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace chatterbox::nn {

class DeviceGraph {
 public:
  DeviceGraph() = default;
  DeviceGraph(const DeviceGraph&) = delete;
  DeviceGraph& operator=(const DeviceGraph&) = delete;
  virtual ~DeviceGraph() = default;

  // On the calling thread's current stream. Does not wait.
  virtual void replay() = 0;
};

// What a backend records graphs with.
class GraphRecorder {
 public:
  GraphRecorder() = default;
  GraphRecorder(const GraphRecorder&) = delete;
  GraphRecorder& operator=(const GraphRecorder&) = delete;
  virtual ~GraphRecorder() = default;

  // Records the work and has it done once. It must not wait for the device, nor copy from or to the
  // host, nor depend on anything that the graph does not outlive: it may be called later, too. Null
  // where it cannot be recorded, for lack of memory, say: then nothing was done.
  [[nodiscard]] virtual std::unique_ptr<DeviceGraph> record(c10::Device device,
                                                            std::function<void()> work) = 0;
};

// For as long as the process lives. Once for a backend.
void register_graph_recorder(c10::DeviceType type, std::unique_ptr<GraphRecorder> recorder);

// The graphs of one piece of work, by what its shapes depend on. One thread at a time.
class DeviceGraphs {
 public:
  using Key = std::vector<int64_t>;

  // Of a device without a recorder: none, and all work is done as it is asked for.
  explicit DeviceGraphs(c10::Device device);

  // Has the work of this key done: the first time as it is, so that libraries make what they keep;
  // the second time it is recorded, and from then on replayed. What cannot be recorded is never
  // tried again.
  void run(const Key& key, const std::function<void()>& work);

  [[nodiscard]] int64_t recorded() const;

 private:
  struct Entry {
    bool eager = false;  // it could not be recorded
    std::unique_ptr<DeviceGraph> graph;
  };

  c10::Device device_;
  GraphRecorder* recorder_;  // or null
  std::map<Key, Entry> entries_;
};

}  // namespace chatterbox::nn
