// Where a model's watermark comes from, and the detector that outlives no engine.
#include "runtime/watermark_detector.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "runtime/machines.h"
#include "support/failure_of.h"
#include "support/golden.h"
#include "support/synthetic_folder.h"
#include "support/tensors.h"
#include "watermark/find_weights.h"

namespace chatterbox::runtime {
namespace {

using testing::CheckpointFolder;
using testing::cpu_options;
using testing::failure_of;
using testing::Machines;
using ::testing::StartsWith;

// Its own come first: here they are garbage, which tells that they were read.
TEST(ModelWatermark, IsLookedForAmongTheModelsFiles) {
  const CheckpointFolder folder;
  testing::write_bytes(folder.file(watermark::kWeightsFile), "garbage");
  EngineOptions options = cpu_options(folder.path());
  for (const Watermark wanted : {Watermark::kAuto, Watermark::kOn}) {
    options.watermark = wanted;
    const Failure failure = failure_of([&] { (void)load_model(options); });
    EXPECT_EQ(failure.status, Status::kBadModelFile);
    EXPECT_THAT(failure.message, StartsWith(folder.file(watermark::kWeightsFile) + ": "));
  }
  EngineOptions memory = cpu_options("mine");
  memory.watermark = Watermark::kOn;
  for (const std::string name : testing::kModelFiles) {
    memory.files.push_back({name, testing::read_bytes(folder.file(name))});
  }
  memory.files.push_back({watermark::kWeightsFile, "garbage"});
  const Failure failure = failure_of([&] { (void)load_model(memory); });
  EXPECT_THAT(failure.message, StartsWith("mine/perth_implicit.safetensors: "));
  options.watermark = Watermark::kOff;
  EXPECT_NO_THROW((void)load_model(options));
}

class WithWeights : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!watermark::find_weights()) {
      GTEST_SKIP() << "the weights of the watermark are missing: bash cmake/setup.sh";
    }
  }
};

TEST_F(WithWeights, TheMarkIsThereAndTheDetectorFindsIt) {
  EngineOptions options = cpu_options(testing::synthetic_folder());
  options.watermark = Watermark::kOn;
  Machines machines(options);
  EXPECT_TRUE(machines.catalog().info().watermark);
  const testing::Golden golden("watermark");
  const Audio plain{testing::values<float>(golden.tensor("speech.samples"))};
  const Audio marked{machines.speech().add_watermark(plain.samples)};
  const WatermarkDetector detector("", 1);
  EXPECT_LT(detector.detect(plain), 0.5F);
  EXPECT_GT(detector.detect(marked), 0.5F);
  EXPECT_EQ(detector.detect(marked), detector.detect(marked));
}

// Any thread may ask, and keeps its own number of threads that compute.
TEST_F(WithWeights, TheDetectorLeavesItsCallerAsItIs) {
  const testing::Golden golden("watermark");
  const Audio marked{testing::values<float>(golden.tensor("speech.marked"))};
  const WatermarkDetector detector("", 1);
  const int threads = at::get_num_threads();
  const float alone = detector.detect(marked);
  EXPECT_EQ(at::get_num_threads(), threads);
  std::vector<float> found(3);
  std::vector<std::thread> callers;
  for (float& one : found) callers.emplace_back([&] { one = detector.detect(marked); });
  for (std::thread& caller : callers) caller.join();
  EXPECT_THAT(found, ::testing::Each(alone));
}

TEST(Detector, WithoutWeightsIsAnError) {
  EXPECT_EQ(failure_of([] { const WatermarkDetector detector("/nowhere/perth", 1); }).status,
            Status::kNotFound);
}

}  // namespace
}  // namespace chatterbox::runtime
