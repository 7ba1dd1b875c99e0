#include "runtime/cuda_graphs.h"

#ifdef CHATTERBOX_CUDA_GRAPHS
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "nn/device_graphs.h"
#include "support/error.h"
#endif

namespace chatterbox::runtime {

#ifdef CHATTERBOX_CUDA_GRAPHS
namespace {

using Graph = at::cuda::CUDAGraph;
using Pool = at::cuda::MempoolId_t;

// Nothing is linked with libtorch_cuda.so (see cuda_runtime.h), so its functions are found by their
// names, which tests/install/cuda_link_check.cpp compares with the compiler's.
template <class Function>
void find(Function*& function, const char* name) {
  function = reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
  if (function == nullptr) fail(Status::kDevice, "libtorch's CUDA libraries have no {}", name);
}

struct Functions {
  void (*construct)(Graph*, bool keep_graph) = nullptr;
  void (*destroy)(Graph*) = nullptr;
  void (*begin)(Graph*, Pool, cudaStreamCaptureMode) = nullptr;
  void (*end)(Graph*) = nullptr;
  void (*replay)(Graph*) = nullptr;
  Pool (*new_pool)() = nullptr;

  Functions() {
    find(construct, "_ZN2at4cuda9CUDAGraphC1Eb");
    find(destroy, "_ZN2at4cuda9CUDAGraphD1Ev");
    find(begin, "_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode");
    find(end, "_ZN2at4cuda9CUDAGraph11capture_endEv");
    find(replay, "_ZN2at4cuda9CUDAGraph6replayEv");
    find(new_pool, "_ZN2at4cuda17graph_pool_handleEv");
  }
};

class CudaGraph final : public nn::DeviceGraph {
 public:
  CudaGraph(const Functions& functions, std::shared_ptr<const Pool> pool)
      : functions_(functions), pool_(std::move(pool)) {
    functions_.construct(graph(), /*keep_graph=*/false);
  }
  ~CudaGraph() override { functions_.destroy(graph()); }

  void replay() override { functions_.replay(graph()); }
  // Of this thread alone: others go on with what a recording may not do.
  void begin() { functions_.begin(graph(), *pool_, cudaStreamCaptureModeThreadLocal); }
  void end() { functions_.end(graph()); }

 private:
  Graph* graph() { return reinterpret_cast<Graph*>(&memory_); }

  const Functions& functions_;
  const std::shared_ptr<const Pool> pool_;
  std::aligned_storage_t<sizeof(Graph), alignof(Graph)> memory_{};
};

// The first line of what the work throws; empty: nothing.
template <class Work>
std::string failure_of(const Work& work) {
  std::string text;
  try {
    work();
    return text;
  } catch (const c10::Error& error) {
    text = error.what_without_backtrace();
  } catch (const std::exception& error) {
    text = error.what();
  }
  text.resize(std::min(text.size(), text.find('\n')));
  return text.empty() ? "no reason given" : text;
}

class CudaGraphRecorder final : public nn::GraphRecorder {
 public:
  [[nodiscard]] nn::Recorded record(c10::Device device, std::function<void()> work) override {
    const std::lock_guard lock(mutex_);
    Lane& lane = lane_of(device);
    if (!failure_.empty()) return {nullptr, failure_};
    auto graph = std::make_unique<CudaGraph>(functions_, pool_of(lane));
    failure_ = capture(*graph, lane, work);
    if (!failure_.empty()) {
      // libtorch's allocator may ask it for as long as the process lives.
      static_cast<void>(graph.release());
      return {nullptr, failure_};
    }
    graph->replay();
    return {std::move(graph), ""};
  }

 private:
  // Of the graphs that replay on one stream. They share their memory: they run one after another,
  // and none leaves anything there. libtorch takes no more graphs into a pool once the last one has
  // left it.
  struct Lane {
    c10::Stream recording;  // on which nothing runs; CUDA does not record on the default stream
    std::weak_ptr<const Pool> pool;  // of the graphs that there are
  };

  std::shared_ptr<const Pool> pool_of(Lane& lane) const {
    std::shared_ptr<const Pool> pool = lane.pool.lock();
    if (pool) return pool;
    pool = std::make_shared<const Pool>(functions_.new_pool());
    lane.pool = pool;
    return pool;
  }

  Lane& lane_of(c10::Device device) {
    const c10::impl::VirtualGuardImpl streams(device.type());
    const auto key = std::pair(device.index(), streams.getStream(device).id());
    const auto found = lanes_.find(key);
    if (found != lanes_.end()) return found->second;
    const Lane lane{streams.getStreamFromGlobalPool(device), {}};
    return lanes_.emplace(key, lane).first->second;
  }

  // Why there is no graph; empty: there is one. Where the work itself has failed, the caller has it
  // done without a graph, and hears it.
  [[nodiscard]] static std::string capture(CudaGraph& graph, const Lane& lane,
                                           const std::function<void()>& work) {
    const c10::StreamGuard guard(lane.recording);
    const std::string failure = failure_of([&] {
      graph.begin();
      work();
    });
    const std::string end = failure_of([&] { graph.end(); });  // also where it was given up before
    return failure.empty() ? end : failure;
  }

  const Functions functions_;
  std::mutex mutex_;
  std::map<std::pair<c10::DeviceIndex, c10::StreamId>, Lane> lanes_;  // by the replays' stream
  std::string failure_;  // of the first one that has failed: there are none from then on
};

}  // namespace

void register_cuda_graphs() {
  static const bool done = [] {
    nn::register_graph_recorder(c10::kCUDA, std::make_unique<CudaGraphRecorder>());
    return true;
  }();
  static_cast<void>(done);
}
#else
void register_cuda_graphs() {}
#endif

}  // namespace chatterbox::runtime
