#include "device/graph_recording.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <sstream>
#include <utility>

#include "device/device_counts.h"
#include "device/shadows.h"
#include "device/stand_in.h"
#include "nn/device_graphs.h"

namespace chatterbox::testing {
namespace {

thread_local GraphRecording* recording = nullptr;
std::atomic<bool> checking = true;
std::atomic<bool> refusing = false;

class StandInGraph final : public nn::DeviceGraph {
 public:
  explicit StandInGraph(std::function<void()> work) : work_(std::move(work)) {
    GraphRecording recorded;
    work_();
    operators_ = recorded.operators();
    memory_ = recorded.take_memory();
  }

  // Every other time by the work itself, as long as replays are checked.
  void replay() override {
    count_replay();
    if (checking && ++replays_ % 2 == 0) return check();
    for (const GraphRecording::Operator& each : operators_) each.again();
  }

 private:
  void check() const {
    const GraphRecording now;
    work_();
    const auto& others = now.operators();
    for (size_t i = 0; i < std::max(others.size(), operators_.size()); ++i) {
      const auto at = [i](const auto& all) {
        return i < all.size() ? all[i].description : "nothing";
      };
      TORCH_CHECK(at(operators_) == at(others), "a replay would differ from its work: operator ", i,
                  " was ", at(operators_), ", and is ", at(others));
    }
  }

  std::function<void()> work_;
  std::vector<c10::DataPtr> memory_;
  std::vector<GraphRecording::Operator> operators_;
  int64_t replays_ = 0;
};

struct StandInRecorder final : nn::GraphRecorder {
  [[nodiscard]] nn::Recorded record(c10::Device /*device*/, std::function<void()> work) override {
    if (refusing) return {nullptr, "the stand-in records nothing"};
    return {std::make_unique<StandInGraph>(std::move(work)), ""};
  }
};

}  // namespace

GraphRecording::GraphRecording() : outer_(std::exchange(recording, this)) {}
GraphRecording::~GraphRecording() { recording = outer_; }
GraphRecording* GraphRecording::current() { return recording; }

void GraphRecording::refuse(const char* what) {
  TORCH_CHECK(recording == nullptr, "recorded work has ", what);
}

void GraphRecording::add(const std::string& name, const std::vector<c10::IValue>& arguments,
                         std::function<void()> again) {
  std::string description = name;
  for (const c10::IValue& argument : arguments) description += " " + describe(argument);
  operators_.push_back({std::move(description), std::move(again)});
}

void GraphRecording::add_launch(const std::string& name, const std::vector<const void*>& addresses,
                                std::function<void()> again) {
  std::string description = name;
  for (const void* address : addresses) description += " " + place_of(address);
  operators_.push_back({std::move(description), std::move(again)});
}

c10::DataPtr GraphRecording::keep(c10::DataPtr memory, size_t bytes) {
  void* address = memory.get();
  const c10::Device device = memory.device();
  own_[static_cast<char*>(address)] = {memory_.size(), bytes};
  memory_.push_back(std::move(memory));
  return {address, device};
}

std::string GraphRecording::place_of(const void* address) const {
  const auto* const at = static_cast<const char*>(address);
  const auto after = own_.upper_bound(at);
  if (after != own_.begin()) {
    const auto& [begin, own] = *std::prev(after);
    if (at < begin + own.bytes) return fmt::format("#{}+{}", own.number, at - begin);
  }
  return fmt::format("{}", address);
}

std::string GraphRecording::describe(const at::Tensor& tensor) const {
  if (!tensor.defined()) return "none";
  if (!on_device(tensor)) return fmt::format("host {}", tensor.item<double>());
  return fmt::format("{}+{}[{}; {}]:{}", place_of(tensor.storage().data()), tensor.storage_offset(),
                     fmt::join(tensor.sizes().vec(), ","), fmt::join(tensor.strides().vec(), ","),
                     c10::toString(tensor.scalar_type()));
}

std::string GraphRecording::describe(const c10::IValue& value) const {
  std::string text;
  if (value.isTensor()) return describe(value.toTensor());
  if (value.isTensorList()) {
    for (const at::Tensor& each : value.toTensorVector()) text += describe(each) + ", ";
  } else if (value.isOptionalTensorList()) {
    for (const auto& each : value.toOptionalTensorVector()) {
      text += describe(each.value_or(at::Tensor())) + ", ";
    }
  } else {
    std::ostringstream stream;
    stream << value;
    return stream.str();
  }
  return "(" + text + ")";
}

void check_replays(bool check) { checking = check; }
void refuse_recordings(bool refuse) { refusing = refuse; }

void register_stand_in_graphs() {
  nn::register_graph_recorder(c10::kPrivateUse1, std::make_unique<StandInRecorder>());
}

}  // namespace chatterbox::testing
