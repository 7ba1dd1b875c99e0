#include "device/late_streams.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <map>
#include <utility>

#include "device/graph_recording.h"
#include "device/hidden_memory.h"
#include "device/shadows.h"
#include "device/stand_in.h"

namespace chatterbox::testing {
namespace {

const c10::Device kDevice{c10::kPrivateUse1, 0};
constexpr c10::StreamId kFirstStream = 0;
constexpr int kNan = 0xFF;

struct Queue {
  int64_t done = 0;
  std::deque<std::function<void()>> waiting;
};

std::map<c10::StreamId, Queue>& queues() {
  static auto* const all = new std::map<c10::StreamId, Queue>;
  return *all;
}

thread_local c10::StreamId current = kFirstStream;
std::atomic<c10::StreamId> last_stream = kFirstStream;
std::atomic<Late> late = Late::kNone;

c10::Stream stream_of(c10::StreamId id) { return c10::Stream(c10::Stream::UNSAFE, kDevice, id); }

bool current_is_late() {
  if (GraphRecording::current() != nullptr || late == Late::kNone) return false;
  return (current == kFirstStream) == (late == Late::kFirstStream);
}

template <class Visit>
void for_each_tensor(const c10::IValue& value, const Visit& visit) {
  if (value.isTensor() && on_device(value.toTensor())) visit(value.toTensor());
  if (!value.isTensorList()) return;
  for (const at::Tensor& each : value.toTensorVector()) {
    if (on_device(each)) visit(each);
  }
}

}  // namespace

LateStreams::LateStreams(Late which) { late = which; }

LateStreams::~LateStreams() {
  late = Late::kNone;
  for (const auto& [id, queue] : queues()) do_until(stream_of(id), asked_of(stream_of(id)));
  queues().clear();
}

c10::Stream current_stream() { return stream_of(current); }
c10::Stream exchange_stream(c10::Stream stream) {
  return stream_of(std::exchange(current, stream.id()));
}
c10::Stream new_stream() { return stream_of(++last_stream); }

int64_t asked_of(c10::Stream stream) {
  if (late == Late::kNone && queues().empty()) return 0;
  const Queue& queue = queues()[stream.id()];
  return queue.done + static_cast<int64_t>(queue.waiting.size());
}

void do_until(c10::Stream stream, int64_t work) {
  if (queues().empty()) return;
  Queue& queue = queues()[stream.id()];
  while (queue.done < work && !queue.waiting.empty()) {
    queue.waiting.front()();
    queue.waiting.pop_front();
    ++queue.done;
  }
}

bool is_done(c10::Stream stream, int64_t work) {
  return queues().empty() || queues()[stream.id()].done >= work;
}

LateWork::LateWork(const std::vector<c10::IValue>& arguments,
                   const std::vector<c10::IValue>& written)
    : late_(current_is_late()) {
  if (!late_) return;
  for (const c10::IValue& value : arguments) {
    for_each_tensor(value, [&](const at::Tensor& tensor) { given_.push_back(tensor.storage()); });
  }
  for (const c10::IValue& value : written) {
    for_each_tensor(value, [&](const at::Tensor& tensor) {
      if (tensor.scalar_type() == at::kLong) return;
      const c10::Storage& storage = tensor.storage();
      const auto* const from = static_cast<const char*>(behind(storage.data()));
      before_.push_back({storage, {from, from + storage.nbytes()}});
    });
  }
}

void LateWork::put_off(const std::vector<c10::IValue>& results, std::function<void()> again) const {
  const auto is_given = [this](const at::Tensor& tensor) {
    return std::any_of(given_.begin(), given_.end(), [&](const c10::Storage& storage) {
      return storage.is_alias_of(tensor.storage());
    });
  };
  for (const c10::IValue& result : results) {
    for_each_tensor(result, [&](const at::Tensor& tensor) {
      if (!tensor.is_floating_point() || is_given(tensor) || tensor.numel() == 0) return;
      std::memset(behind(tensor.storage().data()), kNan, tensor.storage().nbytes());
    });
  }
  for (const Before& each : before_) {
    if (each.bytes.empty()) continue;
    std::memcpy(behind(each.storage.data()), each.bytes.data(), each.bytes.size());
  }
  put_off_work(std::move(again));
}

void put_off_work(std::function<void()> work) {
  queues()[current].waiting.push_back(std::move(work));
}

}  // namespace chatterbox::testing
