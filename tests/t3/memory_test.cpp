// What happens when memory runs out within a pass of several rows.
#include <ATen/ATen.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <atomic>
#include <new>

#include "t3_golden.h"

namespace chatterbox::t3 {
namespace {

// While it lives, no tensor of `limit` bytes or more can be had on the CPU: `refuse` throws.
class LimitedMemory final : public c10::Allocator {
 public:
  using Refusal = void (*)();
  explicit LimitedMemory(
      size_t limit, Refusal refuse = [] { throw std::bad_alloc(); })
      : limit_(limit), refuse_(refuse), usual_(c10::GetCPUAllocator()) {
    c10::SetCPUAllocator(this, kPriority);
  }
  LimitedMemory(const LimitedMemory&) = delete;
  LimitedMemory& operator=(const LimitedMemory&) = delete;
  ~LimitedMemory() override { c10::SetCPUAllocator(usual_, kPriority); }

  c10::DataPtr allocate(size_t bytes) override {
    if (bytes < limit_) return usual_->allocate(bytes);
    ++refused_;
    refuse_();
    return {};
  }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
  [[nodiscard]] int refused() const { return refused_; }

 private:
  static constexpr uint8_t kPriority = 255;
  size_t limit_;
  Refusal refuse_;
  c10::Allocator* usual_;
  std::atomic<int> refused_ = 0;
};

constexpr size_t kRowOfLogits = 8194 * sizeof(float);

class MemoryTest : public ::testing::Test {
 protected:
  [[nodiscard]] SequenceOptions request(int index) const {
    SequenceOptions options = golden_.options;
    options.text_ids.assign(static_cast<size_t>(5 + index), 9);
    options.max_new_tokens = 12;
    options.seed = static_cast<uint64_t>(index);
    return options;
  }
  [[nodiscard]] std::vector<int64_t> alone(int index) const {
    Decoder decoder(model_, 2, 100);
    const int64_t id = decoder.start(request(index));
    while (!decoder.finished(id)) decoder.step();
    return decoder.generation(id).tokens;
  }

  const c10::InferenceMode inference_mode_;
  const std::shared_ptr<const Model> model_ = testing::load_tiny("t3_cfg");
  const testing::GoldenSequence golden_{testing::Golden("en_tiny_default")};
};

// The logits of 16 rows do not fit, of 8 they do: by then the pass has filled the cache.
TEST_F(MemoryTest, PassThatDoesNotFitIsDoneInHalves) {
  constexpr int kCount = 8;
  Decoder decoder(model_, 2 * kCount, 100);
  std::vector<int64_t> ids;
  for (int i = 0; i < kCount; ++i) ids.push_back(decoder.start(request(i)));
  int refused = 0;
  for (int step = 0; step < 12; ++step) {
    const LimitedMemory memory(9 * kRowOfLogits);
    decoder.step();
    refused += memory.refused();
  }
  EXPECT_GE(refused, 5);
  for (int i = 0; i < kCount; ++i) {
    SCOPED_TRACE(i);
    const int64_t id = ids[static_cast<size_t>(i)];
    EXPECT_TRUE(decoder.finished(id));
    const Generation& generation = decoder.generation(id);
    EXPECT_EQ(generation.tokens, alone(i));
    EXPECT_EQ(generation.decode_steps, static_cast<int64_t>(generation.tokens.size()) - 1);
  }
}

// Fewer rows would fail as well: it is said once.
TEST_F(MemoryTest, PassOnALostDeviceIsNotTriedAgain) {
  Decoder decoder(model_, 4, 100);
  static_cast<void>(decoder.start(request(1)));
  static_cast<void>(decoder.start(request(2)));
  const LimitedMemory device(4 * kRowOfLogits, [] {
    throw c10::AcceleratorError({__func__, __FILE__, __LINE__}, 700, "CUDA error: illegal access");
  });
  EXPECT_THROW(decoder.step(), c10::AcceleratorError);
  EXPECT_EQ(device.refused(), 1);
}

TEST_F(MemoryTest, SequenceThatDoesNotFitAloneFailsAndLeavesTheDecoder) {
  Decoder decoder(model_, 2, 100);
  const int64_t id = decoder.start(request(1));
  {
    const LimitedMemory memory(2 * kRowOfLogits);  // it has two rows
    decoder.step();
  }
  EXPECT_TRUE(decoder.finished(id));
  EXPECT_THROW(static_cast<void>(decoder.generation(id)), std::bad_alloc);
  decoder.remove(id);
  const int64_t next = decoder.start(request(2));
  while (!decoder.finished(next)) decoder.step();
  EXPECT_EQ(decoder.generation(next).tokens, alone(2));
}

// In the midst of its layers, and at its logits, when the rows were extended.
TEST_F(MemoryTest, ChunkCanBeTriedAgain) {
  Decoder decoder(model_, 2, 100);
  const int64_t id = decoder.add(request(3));
  int refused = 0;
  for (bool done = false; !done; done = decoder.prefill(id)) {
    const LimitedMemory memory(2 * kRowOfLogits);
    EXPECT_THROW(decoder.prefill(id), std::bad_alloc);
    ++refused;
  }
  EXPECT_EQ(refused, 2);
  while (!decoder.finished(id)) decoder.step();
  EXPECT_EQ(decoder.generation(id).tokens, alone(3));
}

}  // namespace
}  // namespace chatterbox::t3
