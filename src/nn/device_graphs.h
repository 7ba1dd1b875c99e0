// Work on a device that is asked for once and then replayed as a whole: a CUDA graph. What it
// reads and writes lies where it lay when it was recorded, and its shapes are the same.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/log.h"

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

// A graph, or why there is none.
struct Recorded {
  std::unique_ptr<DeviceGraph> graph;  // or null
  std::string failure;
};

// What a backend records graphs with.
class GraphRecorder {
 public:
  GraphRecorder() = default;
  GraphRecorder(const GraphRecorder&) = delete;
  GraphRecorder& operator=(const GraphRecorder&) = delete;
  virtual ~GraphRecorder() = default;

  // Records the work and has it done once. It must not wait for the device, nor copy from or to the
  // host, nor depend on anything that the graph does not outlive: it may be called later, too.
  // Where it cannot be recorded, for lack of memory, say, nothing was done.
  [[nodiscard]] virtual Recorded record(c10::Device device, std::function<void()> work) = 0;
};

// For as long as the process lives. Once for a backend.
void register_graph_recorder(c10::DeviceType type, std::unique_ptr<GraphRecorder> recorder);

// The graphs of one piece of work, by what its shapes depend on. One thread at a time.
class DeviceGraphs {
 public:
  using Key = std::vector<int64_t>;

  // Keeps `most` graphs, and while another is recorded one more. Of a device without a recorder:
  // none, and all work is done as it is asked for.
  explicit DeviceGraphs(c10::Device device, int64_t most, Log log = {});

  // Has the work of this key done: the first time as it is, so that libraries make what they keep;
  // the second time it is recorded, and from then on replayed. What cannot be recorded is never
  // tried again; the log says so, once, since all that it costs is time. Where there are too many,
  // the graph goes that was not replayed for longest, and its key is a new one again.
  void run(const Key& key, const std::function<void()>& work);

  [[nodiscard]] int64_t recorded() const;

 private:
  struct Entry {
    bool eager = false;  // it could not be recorded
    std::unique_ptr<DeviceGraph> graph;
    int64_t last_use = 0;
  };

  void record(Entry& entry, const std::function<void()>& work);
  void forget_oldest();
  void warn(const std::string& failure);

  c10::Device device_;
  GraphRecorder* recorder_;  // or null
  int64_t most_;
  Log log_;
  bool warned_ = false;
  int64_t uses_ = 0;
  std::map<Key, Entry> entries_;
};

}  // namespace chatterbox::nn
