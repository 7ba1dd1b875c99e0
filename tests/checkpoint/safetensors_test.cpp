#include "checkpoint/safetensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "support/status.h"
#include "support/temporary_folder.h"

namespace chatterbox::checkpoint {
namespace {

std::string file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Status status_of_opening(const std::string& path) {
  try {
    static_cast<void>(open_safetensors(path));
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
    return error.status();
  }
  return Status::kOk;
}

TEST(Safetensors, WrittenFileReadsBack) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.file("a.safetensors");
  const std::vector<float> weights = {1.5F, -0.0F, 3e-45F, 1e38F, 0.1F, -7.25F};
  const std::vector<int64_t> ids = {-1, INT64_MAX};
  const std::vector<uint8_t> bytes = {1, 2, 3};
  write_safetensors(path,
                    {{"z.weight", DType::kFloat32, {2, 3}, weights.data(), 24},
                     {"bytes", DType::kUInt8, {3}, bytes.data(), 3},
                     {"ids", DType::kInt64, {2}, ids.data(), 16},
                     {"none", DType::kFloat16, {0, 4}, nullptr, 0},
                     {"scalar", DType::kFloat32, {}, weights.data(), 4}},
                    {{"text", "a \"b\" ä"}});
  const auto file = open_safetensors(path);
  EXPECT_EQ(file->path(), path);
  EXPECT_EQ(file->metadata(), (std::map<std::string, std::string>{{"text", "a \"b\" ä"}}));
  std::vector<std::string> names;
  for (const TensorEntry& entry : file->entries()) names.push_back(entry.name);
  EXPECT_EQ(names, (std::vector<std::string>{"bytes", "ids", "none", "scalar", "z.weight"}));

  const TensorEntry* found = file->find("z.weight");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->dtype, DType::kFloat32);
  EXPECT_EQ(found->shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(found->data, weights.data(), 24), 0);
  EXPECT_EQ(std::memcmp(file->find("ids")->data, ids.data(), 16), 0);
  EXPECT_EQ(file->find("none")->bytes, 0U);
  EXPECT_TRUE(file->find("scalar")->shape.empty());
  EXPECT_EQ(file->find("z.weigh"), nullptr);
  EXPECT_EQ(file->find("zz"), nullptr);
  // Nothing but the file itself is left behind.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.file("")), {}), 1);
}

TEST(Safetensors, MisalignedDataAreCopied) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.file("a.safetensors");
  const std::vector<float> weights = {1.0F, 2.0F, 3.0F};
  const uint8_t byte = 9;
  write_safetensors(
      path, {{"a", DType::kUInt8, {1}, &byte, 1}, {"b", DType::kFloat32, {3}, weights.data(), 12}});
  const std::string bytes = file_bytes(path);
  for (const auto& file :
       {open_safetensors(path), parse_safetensors(bytes.data(), bytes.size(), "b")}) {
    const TensorEntry* entry = file->find("b");
    EXPECT_EQ(reinterpret_cast<uintptr_t>(entry->data) % alignof(float), 0U);
    EXPECT_EQ(std::memcmp(entry->data, weights.data(), 12), 0);
  }
}

// Made by safetensors 0.5.3 (Python).
TEST(Safetensors, ReadsTheReferencesFiles) {
  const auto file =
      open_safetensors(std::string(CHATTERBOX_TEST_DATA) + "/golden/en_tiny_default.safetensors");
  EXPECT_EQ(file->metadata().at("text"), "Hello there, how are you today?");
  EXPECT_EQ(file->entries().size(), 17U);
  EXPECT_EQ(file->find("t3.logits0")->shape, (std::vector<int64_t>{2, 8194}));
  EXPECT_EQ(*static_cast<const int64_t*>(file->find("voice.gen.prompt_token_len")->data), 250);
}

TEST(Safetensors, ParsedBytesAreTheCallersNoMore) {
  std::string bytes =
      file_bytes(std::string(CHATTERBOX_TEST_DATA) + "/golden/voice_vectors.safetensors");
  ASSERT_FALSE(bytes.empty());
  const auto file = parse_safetensors(bytes.data(), bytes.size(), "copy");
  const auto again = parse_safetensors(bytes.data(), bytes.size(), "copy");
  std::fill(bytes.begin(), bytes.end(), '\xff');
  for (size_t i = 0; i < file->entries().size(); ++i) {
    const TensorEntry& entry = file->entries()[i];
    EXPECT_EQ(std::memcmp(entry.data, again->entries()[i].data, entry.bytes), 0);
  }
}

TEST(Safetensors, SharedBytesAreNotCopied) {
  const std::vector<float> numbers = {1, 2, 3};
  auto bytes = own_bytes(encode_safetensors({{"a", DType::kFloat32, {3}, numbers.data(), 12}}));
  const std::string_view all = bytes->view();
  const auto file = parse_safetensors(std::move(bytes), "shared");
  const TensorEntry* entry = file->find("a");
  EXPECT_EQ(static_cast<const char*>(entry->data), all.data() + all.size() - 12);
  EXPECT_EQ(std::memcmp(entry->data, numbers.data(), 12), 0);
}

TEST(Safetensors, PathsThatAreNoFiles) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(status_of_opening(folder.file("absent")), Status::kNotFound);
  EXPECT_EQ(status_of_opening(folder.file("absent/file")), Status::kNotFound);
  EXPECT_EQ(status_of_opening(folder.file("")), Status::kIo);
  EXPECT_EQ(status_of_opening("/dev/null"), Status::kIo);
  std::ofstream(folder.file("empty")).close();
  EXPECT_EQ(status_of_opening(folder.file("empty")), Status::kBadModelFile);
}

// Whoever renames last wins; nobody fails, and no file is a mixture.
TEST(Safetensors, ManyWritersOfOneFile) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.file("shared");
  const auto write_often = [&path](uint8_t value) {
    const std::vector<uint8_t> bytes(1 << 16, value);
    const std::vector<TensorEntry> tensors = {
        {"a", DType::kUInt8, {1 << 16}, bytes.data(), bytes.size()}};
    for (int i = 0; i < 50; ++i) write_safetensors(path, tensors);
  };
  std::thread other(write_often, uint8_t{1});
  EXPECT_NO_THROW(write_often(2));
  other.join();
  const auto file = open_safetensors(path);
  const auto* bytes = static_cast<const uint8_t*>(file->find("a")->data);
  EXPECT_TRUE(std::all_of(bytes, bytes + (1 << 16), [&](uint8_t b) { return b == bytes[0]; }));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.file("")), {}), 1);
}

TEST(Safetensors, FailedWriteLeavesTheOldFile) {
  const testing::TemporaryFolder folder;
  const uint8_t byte = 7;
  const std::vector<TensorEntry> tensors = {{"a", DType::kUInt8, {1}, &byte, 1}};
  EXPECT_THROW(write_safetensors(folder.file("absent/a"), tensors), Error);
  std::filesystem::create_directories(
      folder.file("taken/x"));  // a name that rename() cannot replace
  try {
    write_safetensors(folder.file("taken"), tensors);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kIo);
  }
  EXPECT_TRUE(std::filesystem::is_directory(folder.file("taken/x")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.file("")), {}), 1);
}

TEST(SafetensorsWriter, TakesTensorByTensor) {
  const std::vector<TensorEntry> entries = {{"a", DType::kUInt8, {3}, nullptr, 3},
                                            {"b", DType::kUInt8, {2}, nullptr, 2}};
  std::string bytes;
  const auto sink = [&bytes](std::string_view part) { bytes += part; };
  SafetensorsWriter writer(sink, entries, {{"key", "value"}});
  EXPECT_EQ(bytes.size() % 64, 0U);
  EXPECT_THROW(writer.write("xx"), Error);
  writer.write("xyz");
  writer.write("uv");
  EXPECT_THROW(writer.write("uv"), Error);
  const auto file = parse_safetensors(bytes.data(), bytes.size(), "made");
  EXPECT_EQ(file->metadata().at("key"), "value");
  EXPECT_EQ(std::memcmp(file->find("b")->data, "uv", 2), 0);
}

TEST(DType, NamesAndSizes) {
  for (const DType dtype :
       {DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kFloat64, DType::kInt64,
        DType::kInt32, DType::kInt16, DType::kInt8, DType::kUInt8, DType::kBool}) {
    EXPECT_EQ(dtype_named(name(dtype)), dtype);
  }
  EXPECT_EQ(item_size(DType::kBFloat16), 2U);
  EXPECT_EQ(item_size(DType::kInt64), 8U);
  EXPECT_EQ(dtype_named("F8_E4M3"), std::nullopt);
  EXPECT_EQ(dtype_named(""), std::nullopt);
}

}  // namespace
}  // namespace chatterbox::checkpoint
