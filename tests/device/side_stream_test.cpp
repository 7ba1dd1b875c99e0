// Prompts on a stream of their own: in which order work is done, and that it changes no token, on a
// device that puts work off as long as it may.
#include "nn/side_stream.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "device/stand_in.h"
#include "support/tensors.h"
#include "t3/t3_golden.h"

namespace chatterbox::testing {
namespace {

const c10::Device kDevice{c10::kPrivateUse1, 0};

class SideStreamTest : public ::testing::Test {
 protected:
  SideStreamTest() { use_stand_in(); }

  const c10::InferenceMode inference_mode_;
};

// What the stand-in shows of work that nobody waits for.
TEST_F(SideStreamTest, LateWorkIsNotSeen) {
  const LateStreams late(Late::kOtherStreams);
  const at::Tensor x = at::ones({4}).to(kDevice);
  const nn::SideStream side(kDevice);
  at::Tensor doubled;
  side.run([&] {
    doubled = x.mul(2);
    x.add_(1);
  });
  EXPECT_EQ(values<float>(x.cpu()), (std::vector<float>{1, 1, 1, 1}));
  EXPECT_TRUE(doubled.cpu().isnan().all().item<bool>());
  const nn::SideStream::Mark mark = side.mark();
  EXPECT_FALSE(nn::SideStream::reached(mark));
  side.join(mark);
  EXPECT_EQ(values<float>(x.cpu()), (std::vector<float>{2, 2, 2, 2}));
  EXPECT_EQ(values<float>(doubled.cpu()), (std::vector<float>{2, 2, 2, 2}));
  EXPECT_TRUE(nn::SideStream::reached(mark));
}

// Its work comes after what was asked for before.
TEST_F(SideStreamTest, BeginsWhereTheFirstIs) {
  const LateStreams late(Late::kFirstStream);
  const at::Tensor x = at::zeros({2}, kDevice);
  const nn::SideStream side(kDevice);
  x.add_(1);
  at::Tensor seen;
  side.run([&] { seen = x.clone(); });
  x.add_(1);
  side.run([] {});
  EXPECT_EQ(values<float>(seen.cpu()), (std::vector<float>{1, 1}));
  EXPECT_EQ(values<float>(x.cpu()), (std::vector<float>{2, 2}));
}

TEST_F(SideStreamTest, OnACpuWorkIsDoneAtOnce) {
  const nn::SideStream side(c10::kCPU);
  int done = 0;
  side.run([&] { ++done; });
  EXPECT_EQ(done, 1);
  EXPECT_TRUE(nn::SideStream::reached(side.mark()));
  side.join(side.mark());
}

t3::SequenceOptions request(const GoldenSequence& golden, int index) {
  t3::SequenceOptions options = golden.options;
  options.text_ids.assign(index == 1 ? 150 : 20, 17 + index);  // two chunks, or one
  options.max_new_tokens = 8 + index;
  options.seed = static_cast<uint64_t>(index);
  return options;
}

// The second sequence is read while the first draws; the third in the rows that the first had, of
// which a step was asked for still; the last while nobody draws.
std::vector<std::vector<int64_t>> draw(const std::shared_ptr<const t3::Model>& model,
                                       const GoldenSequence& golden, int64_t graphs) {
  t3::Decoder decoder(model, 4, 500, int64_t{1} << 24, {graphs});
  const int64_t first = decoder.start(request(golden, 0));
  decoder.step();
  std::vector<int64_t> ids = {decoder.add(request(golden, 1))};
  while (!decoder.prefill(ids[0])) decoder.step();
  for (int i = 0; i < 2; ++i) decoder.step();
  decoder.remove(first);
  ids.push_back(decoder.add(request(golden, 2)));
  while (!decoder.prefill(ids[1])) decoder.step();
  std::vector<std::vector<int64_t>> tokens;
  const auto finish = [&](int64_t id) {
    while (!decoder.finished(id)) decoder.step();
    tokens.push_back(decoder.generation(id).tokens);
    decoder.remove(id);
  };
  for (const int64_t id : ids) finish(id);
  finish(decoder.start(request(golden, 3)));
  return tokens;
}

TEST_F(SideStreamTest, PromptsBesideStepsChangeNoToken) {
  const GoldenSequence golden{Golden("en_tiny_default")};
  const auto load = [](c10::Device device) {
    return t3::load_model({tiny_file("t3_cfg"), {device, c10::kFloat}});
  };
  const auto expected = draw(load(c10::kCPU), golden, 0);
  const auto model = load(kDevice);
  EXPECT_EQ(draw(model, golden, 8), expected);
  {
    const LateStreams late(Late::kOtherStreams);
    EXPECT_EQ(draw(model, golden, 8), expected);
  }
  const LateStreams late(Late::kFirstStream);
  EXPECT_EQ(draw(model, golden, 0), expected);
}

// Where others draw, steps go on without a prompt that the device is at; where nobody does, the
// first step waits for it.
TEST_F(SideStreamTest, OthersDrawMeanwhile) {
  const GoldenSequence golden{Golden("en_tiny_default")};
  const auto model = t3::load_model({tiny_file("t3_cfg"), {kDevice, c10::kFloat}});
  const LateStreams late(Late::kOtherStreams);
  t3::Decoder decoder(model, 4, 500, int64_t{1} << 24);
  const int64_t first = decoder.add(request(golden, 0));
  while (!decoder.prefill(first)) {
  }
  decoder.step();
  const int64_t second = decoder.add(request(golden, 0));  // its voice is there: one chunk
  EXPECT_FALSE(decoder.prefill(second));
  decoder.step();
  decoder.step();
  EXPECT_EQ(decoder.drawn(first), 2);
  EXPECT_EQ(decoder.drawn(second), 0);
  EXPECT_TRUE(decoder.prefill(second));
  decoder.step();
  decoder.step();
  EXPECT_EQ(decoder.drawn(second), 1);
}

}  // namespace
}  // namespace chatterbox::testing
