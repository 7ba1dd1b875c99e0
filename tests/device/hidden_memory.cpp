#include "device/hidden_memory.h"

#include <c10/util/Exception.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <mutex>
#include <string_view>
#include <vector>

#include "device/device_memory.h"
#include "device/graph_recording.h"

namespace chatterbox::testing {
namespace {

const c10::Device kDevice{c10::kPrivateUse1, 0};
constexpr size_t kSpace = size_t{1} << 34;     // of addresses; memory is taken where it is written
constexpr size_t kPoisoned = size_t{1} << 20;  // at most, of new memory
constexpr int kNan = 0xFF;                     // all bits: a NaN in every type of floating point

// Blocks of powers of two, in the first half of the addresses. The device's are kSpace behind.
class HiddenMemory final : public c10::Allocator {
 public:
  HiddenMemory() {
    void* all =
        mmap(nullptr, 2 * kSpace, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    TORCH_CHECK(all != MAP_FAILED && mprotect(all, kSpace, PROT_READ | PROT_WRITE) == 0,
                "no addresses for a device's memory");
    base_ = static_cast<char*>(all);
  }

  [[nodiscard]] bool has(const void* address) const {
    const auto* at = static_cast<const char*>(address);
    return at >= base_ + kSpace && at < base_ + 2 * kSpace;
  }

  c10::DataPtr allocate(size_t bytes) override {
    if (bytes == 0) return {nullptr, kDevice};
    TORCH_CHECK_WITH(OutOfMemoryError, bytes <= limit_, "the device is out of memory: ", bytes);
    const std::lock_guard lock(mutex_);
    const size_t block = block_of(bytes);
    char* at = take(block);
    std::memset(at, kNan, std::min(bytes, kPoisoned));
    blocks_.push_back({at + kSpace, block, bytes});
    taken_ += static_cast<int64_t>(bytes);
    most_taken_ = std::max(most_taken_, taken_);
    c10::DataPtr memory(at + kSpace, at + kSpace, &release, kDevice);
    auto* recording = GraphRecording::current();
    return recording == nullptr ? std::move(memory) : recording->keep(std::move(memory), bytes);
  }
  void copy_data(void* to, const void* from, size_t count) const override {
    std::memcpy(behind(to), behind(from), count);
  }
  [[nodiscard]] c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void limit(size_t bytes) { limit_ = bytes; }
  // What is taken now. The most is counted anew from here on.
  int64_t restart_peak() {
    const std::lock_guard lock(mutex_);
    return most_taken_ = taken_;
  }
  int64_t peak() {
    const std::lock_guard lock(mutex_);
    return most_taken_;
  }

 private:
  static size_t block_of(size_t bytes) {
    size_t block = 4;
    while ((size_t{1} << block) < bytes) ++block;
    return block;
  }
  char* take(size_t block) {
    std::vector<char*>& free = free_.at(block);
    if (!free.empty()) {
      char* at = free.back();
      free.pop_back();
      return at;
    }
    char* at = base_ + used_;
    used_ += size_t{1} << block;
    TORCH_CHECK(used_ <= kSpace, "the device has no memory left");
    return at;
  }
  static void release(void* address);

  std::mutex mutex_;
  char* base_;
  size_t used_ = 0;
  std::atomic<size_t> limit_ = kSpace;  // of a block
  std::array<std::vector<char*>, 36> free_;
  struct Block {
    char* at;
    size_t block, bytes;
  };
  std::vector<Block> blocks_;
  int64_t taken_ = 0, most_taken_ = 0;
};

HiddenMemory& memory() {
  static auto* const memory = new HiddenMemory;  // tensors may outlive it otherwise
  return *memory;
}

void HiddenMemory::release(void* address) {
  HiddenMemory& own = memory();
  const std::lock_guard lock(own.mutex_);
  const auto found = std::find_if(own.blocks_.rbegin(), own.blocks_.rend(),
                                  [=](const Block& block) { return block.at == address; });
  char* at = static_cast<char*>(behind(address));
  const size_t size = size_t{1} << found->block;
  own.taken_ -= static_cast<int64_t>(found->bytes);
  if (size > kPoisoned) madvise(at, size, MADV_DONTNEED);
  own.free_.at(found->block).push_back(at);
  own.blocks_.erase(std::next(found).base());
}

// Says what has happened where the host has touched it. The fault comes again, without a handler.
void explain(int /*signal*/, siginfo_t* info, void* /*context*/) {
  constexpr std::string_view kText = "the host has touched the memory of the device\n";
  if (is_hidden(info->si_addr)) {
    static_cast<void>(!write(STDERR_FILENO, kText.data(), kText.size()));
  }
  static_cast<void>(signal(SIGSEGV, SIG_DFL));
}

}  // namespace

c10::Allocator* hidden_memory() {
  static const bool explained = [] {
    struct sigaction action = {};
    action.sa_sigaction = &explain;
    action.sa_flags = SA_SIGINFO;
    return sigaction(SIGSEGV, &action, nullptr) == 0;
  }();
  static_cast<void>(explained);
  return &memory();
}

DeviceMemoryLimit::DeviceMemoryLimit(int64_t bytes) { memory().limit(static_cast<size_t>(bytes)); }
DeviceMemoryLimit::~DeviceMemoryLimit() { memory().limit(kSpace); }

DeviceMemoryPeak::DeviceMemoryPeak() : before_(memory().restart_peak()) {}
int64_t DeviceMemoryPeak::bytes() const { return memory().peak() - before_; }

bool is_hidden(const void* address) { return memory().has(address); }

void* behind(const void* address) {
  if (address == nullptr) return nullptr;
  TORCH_CHECK(is_hidden(address), "not an address of the device");
  return static_cast<char*>(const_cast<void*>(address)) - kSpace;
}

}  // namespace chatterbox::testing
