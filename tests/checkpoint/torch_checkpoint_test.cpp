// Weights in a file of torch.save().
//
// data/state_dict.pt, by torch 2.11.0: the state_dict() of a module with
//   norm = BatchNorm1d(3)    weight 300.., bias 400.., running_mean 200.., running_var 500..,
//                            num_batches_tracked 7
//   inner = Linear(3, 5)     weight 0.., bias 100..
//   tied = Linear(3, 5, bias=False)    with inner's weight
// where n.. counts up from n, and of three more tensors: `turned` is inner.weight.t(), `part` is
// inner.bias[2:4], `half` is arange(3).half().
#include "checkpoint/torch_checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "checkpoint/damage.h"
#include "checkpoint/tensor_values.h"
#include "checkpoint/torch_bytes.h"
#include "support/temporary_folder.h"

namespace chatterbox::checkpoint {
namespace {

using namespace testing::pickle;
using testing::bytes_of;
using ::testing::ElementsAre;
using testing::torch_file;
using testing::torch_tensor;
using testing::values;

const std::string kRealFile = std::string(CHATTERBOX_TEST_DATA) + "/checkpoint/data/state_dict.pt";

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::shared_ptr<const TensorFile> open_checkpoint(const std::string& path) {
  return parse_torch_checkpoint(open_file(path, FileAccess::kMapped), path);
}

class TorchCheckpoint : public ::testing::Test {
 protected:
  std::shared_ptr<const TensorFile> open(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    return open_checkpoint(path_);
  }
  void expect_refused(const std::string& bytes, const std::string& reason) const {
    testing::expect_refused(
        [&](const std::string& content, const std::string&) { return open(content); }, bytes,
        path_ + ": " + reason);
  }

 private:
  const testing::TemporaryFolder folder_;
  const std::string path_ = folder_.file("weights.pt");
};

TEST_F(TorchCheckpoint, ReadsAStateDictOfTorch) {
  const auto file = open_checkpoint(kRealFile);
  EXPECT_EQ(file->path(), kRealFile);
  std::vector<std::string> names;
  for (const TensorEntry& entry : file->entries()) names.push_back(entry.name);
  EXPECT_THAT(names,
              ElementsAre("half", "inner.bias", "inner.weight", "norm.bias",
                          "norm.num_batches_tracked", "norm.running_mean", "norm.running_var",
                          "norm.weight", "part", "tied.weight", "turned"));
  EXPECT_THAT(values<float>(*file, "norm.weight"), ElementsAre(300, 301, 302));
  EXPECT_THAT(values<float>(*file, "norm.bias"), ElementsAre(400, 401, 402));
  EXPECT_THAT(values<float>(*file, "norm.running_mean"), ElementsAre(200, 201, 202));
  EXPECT_THAT(values<float>(*file, "norm.running_var"), ElementsAre(500, 501, 502));
  EXPECT_THAT(values<int64_t>(*file, "norm.num_batches_tracked"), ElementsAre(7));
  EXPECT_TRUE(file->find("norm.num_batches_tracked")->shape.empty());
  EXPECT_THAT(values<float>(*file, "inner.bias"), ElementsAre(100, 101, 102, 103, 104));
  EXPECT_THAT(file->find("inner.weight")->shape, ElementsAre(5, 3));
  EXPECT_THAT(values<float>(*file, "inner.weight"),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14));
  EXPECT_THAT(values<float>(*file, "part"), ElementsAre(102, 103));
  EXPECT_THAT(file->find("turned")->shape, ElementsAre(3, 5));
  EXPECT_THAT(values<float>(*file, "turned"),
              ElementsAre(0, 3, 6, 9, 12, 1, 4, 7, 10, 13, 2, 5, 8, 11, 14));
  EXPECT_EQ(file->find("half")->dtype, DType::kFloat16);
  EXPECT_THAT(values<uint16_t>(*file, "half"), ElementsAre(0, 0x3c00, 0x4000));
}

// All but the strided one lie where the file has them: they are as far from each other as there.
TEST_F(TorchCheckpoint, ContiguousTensorsStayInTheFile) {
  const auto file = open_checkpoint(kRealFile);
  const std::string content = read_file(kRealFile);
  const auto base = [&](const std::string& name) {
    const TensorEntry* entry = file->find(name);
    const std::string bytes(static_cast<const char*>(entry->data), entry->bytes);
    return static_cast<const char*>(entry->data) - content.find(bytes);
  };
  for (const char* name :
       {"inner.weight", "inner.bias", "norm.running_mean", "norm.bias", "part"}) {
    EXPECT_EQ(base(name), base("norm.weight")) << name;
  }
  EXPECT_EQ(file->find("tied.weight")->data, file->find("inner.weight")->data);
}

TEST_F(TorchCheckpoint, SharedBytesAreNotCopied) {
  const auto bytes = own_bytes(read_file(kRealFile));
  const auto file = parse_torch_checkpoint(bytes, "shared");
  const auto* weight = static_cast<const unsigned char*>(file->find("inner.weight")->data);
  EXPECT_GE(weight, bytes->data());
  EXPECT_LT(weight, bytes->data() + bytes->size());
}

// Of a real file.
TEST_F(TorchCheckpoint, TruncationsAndFlippedBitsAreSeen) {
  const std::string good = read_file(kRealFile);
  ASSERT_GT(good.size(), 3000U);
  const auto parse = [&](const std::string& bytes, const std::string&) { return open(bytes); };
  for (size_t size = 0; size < good.size(); size += 7) {
    expect_refused(good.substr(0, size), "");
  }
  const size_t data = good.find(bytes_of<float>({300, 301, 302}));
  ASSERT_NE(data, std::string::npos);
  for (size_t bit = 0; bit < 96; ++bit) {
    std::string bytes = good;
    bytes[data + bit / 8] = static_cast<char>(bytes[data + bit / 8] ^ (1 << bit % 8));
    testing::expect_refused(parse, bytes, "is damaged: its CRC-32 differs");
  }
}

std::string parameter(const std::string& arguments) {
  return torch_file(
      dict({text("w"), call(global("torch._utils", "_rebuild_parameter"), arguments)}),
      {bytes_of<float>({1, 2})});
}

// state_dict(keep_vars=True)
TEST_F(TorchCheckpoint, ReadsParameters) {
  const std::string tensor = torch_tensor("FloatStorage", 2, {{2}, {1}}, "0");
  EXPECT_THAT(values<float>(*open(parameter(tuple({tensor, "\x88", ordered_dict()}))), "w"),
              ElementsAre(1, 2));
  expect_refused(parameter(tuple({tensor})), "w: a parameter without a tensor");
  expect_refused(parameter(tuple({number(1), "\x88", ordered_dict()})),
                 "w: a parameter without a tensor");
  const std::string nested =
      call(global("torch._utils", "_rebuild_parameter"), tuple({tensor, "\x88", ordered_dict()}));
  expect_refused(parameter(tuple({nested, "\x88", ordered_dict()})),
                 "w: torch._utils._rebuild_parameter is no tensor");
}

TEST_F(TorchCheckpoint, RefusesWhatHasNoWeights) {
  expect_refused(torch_file(dict({text("epoch"), number(3)}), {}), "no tensors in it");
  expect_refused("", "0 bytes are too few for a zip archive");
  expect_refused(std::string(4096, 'x'), "no zip archive, or a truncated one");
  try {
    (void)open_checkpoint("/no/such/s3gen.pt");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kNotFound);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("/no/such/s3gen.pt"));
  }
}

// The first bytes of torch.save(..., _use_new_zipfile_serialization=False).
TEST_F(TorchCheckpoint, RefusesTheOldFormatByItsName) {
  const std::string start("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", 21);
  expect_refused(start + std::string(100, 'x'), "in the format of PyTorch before 1.6");
  expect_refused(start.substr(0, 14), "in the format of PyTorch before 1.6");
}

}  // namespace
}  // namespace chatterbox::checkpoint
