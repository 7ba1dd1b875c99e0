#include "nn/weight_reader.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "checkpoint/safetensors.h"
#include "checkpoint/torch_bytes.h"
#include "checkpoint/torch_checkpoint.h"
#include "nn/linear_parts.h"
#include "support/status.h"
#include "support/temporary_folder.h"

namespace chatterbox::nn {
namespace {

using checkpoint::DType;
using checkpoint::TensorEntry;

DType dtype_of(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kHalf:
      return DType::kFloat16;
    case at::kBFloat16:
      return DType::kBFloat16;
    case at::kLong:
      return DType::kInt64;
    case at::kByte:
      return DType::kUInt8;
    default:
      return DType::kFloat32;
  }
}

using Tensors = std::vector<std::pair<std::string, at::Tensor>>;

class WeightReaderTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<const checkpoint::TensorFile> file_of(
      const Tensors& tensors) const {
    std::vector<TensorEntry> entries;
    for (const auto& [name, tensor] : tensors) {
      entries.push_back(
          {name, dtype_of(tensor), tensor.sizes().vec(), tensor.const_data_ptr(), tensor.nbytes()});
    }
    checkpoint::write_safetensors(path_, entries);
    return checkpoint::open_safetensors(path_);
  }
  // What finish() says, after the path; empty where all is well.
  [[nodiscard]] std::string defects(const WeightReader& reader) const {
    try {
      reader.finish();
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kBadModelFile);
      const std::string message = error.what();
      EXPECT_EQ(message.rfind(path_ + ": ", 0), 0U) << message;
      return message.substr(path_.size() + 2);
    }
    return "";
  }

  const testing::TemporaryFolder folder_;
  const std::string path_ = folder_.file("model.safetensors");
};

at::Tensor numbers(at::IntArrayRef shape) {
  return at::arange(c10::multiply_integers(shape), at::TensorOptions(at::kFloat)).view(shape);
}

TEST_F(WeightReaderTest, ReadsTensorsByNameAndScope) {
  const WeightReader reader(file_of({{"top", numbers({2})},
                                     {"layers.0.proj.weight", numbers({2, 3})},
                                     {"layers.0.proj.bias", numbers({2}) + 10}}),
                            {});
  EXPECT_TRUE(reader.has("top"));
  EXPECT_FALSE(reader.has("to"));
  const WeightReader layer = reader.scope("layers", 0);
  EXPECT_TRUE(layer.has("proj.bias"));
  EXPECT_EQ(layer.dim("proj.weight", 1), 3);
  const Linear proj = read_linear(layer, "proj", -1, 3);
  EXPECT_TRUE(at::equal(parts_of(proj).weight, numbers({2, 3})));
  EXPECT_TRUE(at::equal(proj.bias(), numbers({2}) + 10));
  EXPECT_TRUE(at::equal(reader.scope("layers").scope("0.proj").get("bias", {2}), proj.bias()));
  EXPECT_EQ(defects(reader), "unexpected top [2]");
  static_cast<void>(reader.get("top", {-1}));
  EXPECT_EQ(defects(reader), "");
}

// "n.2" is missing; "n.10" is not the first of its kind, nor "nn.0" one of n's.
TEST_F(WeightReaderTest, CountsFromZeroToTheFirstThatIsAbsent) {
  const WeightReader reader(file_of({{"n.0.w", numbers({1})},
                                     {"n.1.w", numbers({1})},
                                     {"n.10.w", numbers({1})},
                                     {"n.3.w", numbers({1})},
                                     {"nn.0.w", numbers({1})},
                                     {"m.0", numbers({1})}}),
                            {});
  EXPECT_EQ(reader.count("n"), 2);
  EXPECT_EQ(reader.count("nn"), 1);
  EXPECT_EQ(reader.count("m"), 0);
  EXPECT_EQ(reader.count("absent"), 0);
}

TEST_F(WeightReaderTest, OneMessageNamesEveryDefectOfAllScopes) {
  const WeightReader reader(file_of({{"good", numbers({2})},
                                     {"wrong", numbers({2, 3})},
                                     {"rank", numbers({2, 3})},
                                     {"ids", at::ones({4}, at::kLong)},
                                     {"leftover", numbers({1})},
                                     {"scope.extra", numbers({3, 1, 2})}}),
                            {});
  static_cast<void>(reader.get("good", {2}));
  EXPECT_EQ(reader.get("wrong", {2, 4}).sizes(), (c10::IntArrayRef{2, 4}));
  static_cast<void>(reader.get("rank", {6}));
  static_cast<void>(reader.get("ids", {4}));
  const at::Tensor missing = reader.scope("scope").get("lost", {-1, 5});
  EXPECT_EQ(missing.sizes(), (c10::IntArrayRef{1, 5}));
  EXPECT_EQ(missing.abs().max().item<float>(), 0);
  reader.ignore("leftover");
  reader.ignore("not there either");
  EXPECT_EQ(defects(reader),
            "wrong has shape [2, 3], expected [2, 4]; rank has shape [2, 3], expected [6]; "
            "ids has dtype I64, expected F32, F16 or BF16; missing scope.lost [any, 5]; "
            "unexpected scope.extra [3, 1, 2]");
}

// Others are measured by a missing tensor: only it is at fault.
TEST_F(WeightReaderTest, WhatIsMeasuredByAMissingTensorIsNotBlamed) {
  const WeightReader reader(file_of({{"proj.weight", numbers({5, 3})}, {"scale", numbers({4})}}),
                            {});
  const int64_t channels = reader.get("norm", {-1}).size(0);
  const Linear proj = read_linear(reader, "proj", channels, 3, Bias::kNo);
  EXPECT_EQ(proj.outputs(), 5);
  EXPECT_EQ(proj.inputs(), 3);
  static_cast<void>(reader.get("scale", {7}));  // a size of its own
  EXPECT_EQ(defects(reader), "missing norm [any]; scale has shape [4], expected [7]");
}

TEST_F(WeightReaderTest, DimensionsThatAreAbsentAreErrorsAtOnce) {
  const WeightReader reader(file_of({{"w", numbers({2, 3})}}), {});
  EXPECT_EQ(reader.dim("w", 0), 2);
  const auto reason = [](const WeightReader& from, size_t axis) -> std::string {
    try {
      static_cast<void>(from.dim("w", axis));
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kBadModelFile);
      return error.what();
    }
    return "nothing was refused";
  };
  EXPECT_EQ(reason(reader.scope("s"), 0), path_ + ": missing s.w");
  EXPECT_EQ(reason(reader, 2), path_ + ": w has shape [2, 3], expected at least 3 dimensions");
}

// 1.00390625 lies between two bfloat16 numbers; 0.1 is no float16.
TEST_F(WeightReaderTest, BytesAreNoNumbers) {
  const at::Tensor bytes = numbers({2, 3}).to(at::kByte);
  const WeightReader reader(file_of({{"a.packed", bytes}, {"a.plain", numbers({2, 3})}}), {});
  const WeightReader scope = reader.scope("a");
  EXPECT_TRUE(scope.has_bytes("packed"));
  EXPECT_FALSE(scope.has_bytes("plain"));
  EXPECT_FALSE(scope.has_bytes("none"));
  EXPECT_TRUE(at::equal(scope.get_bytes("packed", {-1, 3}), bytes));
  (void)scope.get("packed", {2, 3});
  (void)scope.get_bytes("plain", {2, 3});
  EXPECT_EQ(scope.get_bytes("none", {2, -1}).sizes(), (at::IntArrayRef{2, 1}));
  scope.reject("plain", "is odd");
  EXPECT_EQ(defects(reader),
            "a.packed has dtype U8, expected F32, F16 or BF16; a.plain has dtype F32, expected U8; "
            "missing a.none [2, any]; a.plain is odd");
}

TEST_F(WeightReaderTest, ConvertsToThePlacementsType) {
  const auto file = file_of({{"f32", at::tensor({1.00390625F, -2.0F})},
                             {"f16", at::tensor({0.1F}).to(at::kHalf)},
                             {"bf16", at::tensor({3.0F}).to(at::kBFloat16)}});
  const WeightReader fp32(file, {});
  EXPECT_TRUE(at::equal(fp32.get("f32", {2}), at::tensor({1.00390625F, -2.0F})));
  EXPECT_EQ(fp32.get("f16", {1}).item<float>(), 0.0999755859375F);
  EXPECT_EQ(fp32.get("bf16", {1}).scalar_type(), at::kFloat);
  const WeightReader bf16(file, {c10::kCPU, c10::kBFloat16});
  const at::Tensor rounded = bf16.get("f32", {2});
  EXPECT_EQ(rounded.scalar_type(), at::kBFloat16);
  EXPECT_EQ(rounded[0].item<float>(), 1.0F);
  EXPECT_EQ(bf16.with(bf16.placement().in_fp32()).get("f32", {2}).scalar_type(), at::kFloat);
  EXPECT_EQ(defects(bf16), "unexpected bf16 [1]; unexpected f16 [1]");
}

TEST_F(WeightReaderTest, TransposesAndConverts) {
  const at::Tensor matrix = numbers({40, 70});
  const auto file = file_of({{"w", matrix}, {"v", numbers({3})}});
  for (const c10::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const WeightReader reader(file, {c10::kCPU, type});
    const at::Tensor transposed = reader.get_transposed("w", 40, -1);
    EXPECT_TRUE(transposed.is_contiguous());
    EXPECT_TRUE(at::equal(transposed, matrix.t().to(type)));
    EXPECT_EQ(reader.get_transposed("v", 3, 7).sizes(), (c10::IntArrayRef{7, 3}));
    EXPECT_EQ(reader.get_transposed("lost", -1, 2).sizes(), (c10::IntArrayRef{2, 1}));
    EXPECT_EQ(defects(reader), "v has shape [3], expected [3, 7]; missing lost [any, 2]");
  }
}

// In MB: what of mapped files the process has in memory.
double mapped_memory() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0, resident = 0, shared = 0;
  statm >> total >> resident >> shared;
  EXPECT_TRUE(statm) << "/proc/self/statm";
  return static_cast<double>(shared * ::sysconf(_SC_PAGESIZE)) / 1e6;
}

// 67 MB each. The system maps pages around the one that is read, so that a little more may come.
TEST_F(WeightReaderTest, BytesOfTheFileThatWereCopiedLeaveTheMemory) {
  const at::Tensor matrix = numbers({4096, 4096});
  const WeightReader reader(file_of({{"a", matrix}, {"b", matrix + 1}}), {});
  const double before = mapped_memory();
  const at::Tensor in_place = reader.get("a", {4096, 4096});
  EXPECT_TRUE(at::equal(in_place, matrix));
  const double used = mapped_memory();
  EXPECT_GT(used, before + 60);
  EXPECT_TRUE(at::equal(reader.get_transposed("b", 4096, 4096), (matrix + 1).t()));
  EXPECT_TRUE(at::equal(reader.with({c10::kCPU, at::kBFloat16}).get("b", {4096, 4096}),
                        (matrix + 1).to(at::kBFloat16)));
  EXPECT_LT(mapped_memory(), used + 8);
  EXPECT_TRUE(at::equal(reader.get("b", {4096, 4096}), matrix + 1));  // read again
  EXPECT_TRUE(at::equal(in_place, matrix));
}

// Opening one reads all of it, for its check sums.
TEST_F(WeightReaderTest, TheSameOfTorchsFiles) {
  const at::Tensor matrix = numbers({4096, 4096});
  const std::string path = folder_.file("model.pt");
  std::ofstream(path, std::ios::binary) << testing::torch_file(
      testing::pickle::dict(
          {testing::pickle::text("w"),
           testing::torch_tensor("FloatStorage", matrix.numel(), {{4096, 4096}, {4096, 1}}, "0")}),
      {{static_cast<const char*>(matrix.const_data_ptr()), matrix.nbytes()}});
  const WeightReader reader(
      checkpoint::parse_torch_checkpoint(open_file(path, FileAccess::kMapped), path), {});
  const double used = mapped_memory();
  EXPECT_TRUE(at::equal(reader.get_transposed("w", 4096, 4096), matrix.t()));
  EXPECT_LT(mapped_memory(), used - 60);
  EXPECT_TRUE(at::equal(reader.get("w", {4096, 4096}), matrix));  // read again
}

TEST_F(WeightReaderTest, SameTypeIsNotCopiedAndOutlivesTheReader) {
  at::Tensor weight;
  {
    const auto file = file_of({{"w", numbers({2, 3})}});
    const WeightReader reader(file, {});
    weight = reader.get("w", {2, 3});
    EXPECT_EQ(weight.const_data_ptr(), file->find("w")->data);
  }
  EXPECT_TRUE(at::equal(weight, numbers({2, 3})));
}

}  // namespace
}  // namespace chatterbox::nn
