// Checkpoint folders: what is missing or cut off is named, with a status of its own. Torch-free.
#include "runtime/model_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "runtime/checkpoint_folder.h"
#include "support/status.h"

namespace chatterbox::runtime {
namespace {

using testing::CheckpointFolder;
using testing::DamagedFolder;
using ::testing::HasSubstr;
using testing::kModelFiles;
using ::testing::StartsWith;

EngineOptions options_for(const std::string& model) {
  EngineOptions options;
  options.model = model;
  return options;
}

ModelFiles open(const std::string& model) { return open_model(options_for(model)); }

// The files of a folder in memory.
EngineOptions in_memory(const CheckpointFolder& folder) {
  EngineOptions options = options_for("mine");
  for (const std::string name : kModelFiles) {
    options.files.push_back({name, testing::read_bytes(folder.file(name))});
  }
  return options;
}

Status status_of_opening(const EngineOptions& options, std::string* message) {
  try {
    (void)open_model(options);
  } catch (const Error& error) {
    *message = error.what();
    EXPECT_EQ(message->find('\n'), std::string::npos) << *message;
    return error.status();
  }
  *message = "no error";
  return Status::kOk;
}

Status status_of_opening(const std::string& model, std::string* message) {
  return status_of_opening(options_for(model), message);
}

Status status_of_bad(const std::string& file) {
  return file == "conds.pt" ? Status::kBadVoice : Status::kBadModelFile;
}

class ModelFolders : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { good_ = std::make_unique<CheckpointFolder>(); }
  static void TearDownTestSuite() { good_.reset(); }
  static const CheckpointFolder& good() { return *good_; }
  std::string message_;

 private:
  static std::unique_ptr<CheckpointFolder> good_;
};
std::unique_ptr<CheckpointFolder> ModelFolders::good_;

void expect_same_tensors(const checkpoint::TensorFile& a, const checkpoint::TensorFile& b) {
  ASSERT_EQ(a.entries().size(), b.entries().size());
  for (size_t i = 0; i < a.entries().size(); ++i) {
    const checkpoint::TensorEntry &left = a.entries()[i], &right = b.entries()[i];
    ASSERT_EQ(left.name, right.name);
    ASSERT_EQ(left.dtype, right.dtype);
    ASSERT_EQ(left.shape, right.shape);
    ASSERT_EQ(std::memcmp(left.data, right.data, left.bytes), 0) << left.name;
  }
}

TEST_F(ModelFolders, FilesInMemoryAreAsThoseOfAFolder) {
  const ModelFiles made = open_model(in_memory(good()));
  const ModelFiles folder = open(good().path());
  expect_same_tensors(*made.t3, *folder.t3);
  expect_same_tensors(*made.s3gen, *folder.s3gen);
  expect_same_tensors(*made.voice_encoder, *folder.voice_encoder);
  EXPECT_EQ(made.tokenizer->encode("Hello.", ""), folder.tokenizer->encode("Hello.", ""));
  ASSERT_NE(folder.default_voice, nullptr);
  EXPECT_EQ(made.default_voice->s3gen_mel, folder.default_voice->s3gen_mel);
}

TEST_F(ModelFolders, WhatIsWrongInMemoryIsNamed) {
  EngineOptions options = in_memory(good());
  options.files[1].bytes.resize(20);
  EXPECT_EQ(status_of_opening(options, &message_), Status::kBadModelFile);
  EXPECT_THAT(message_, StartsWith("mine/s3gen.safetensors: "));
  options.files.erase(options.files.begin() + 1);
  EXPECT_EQ(status_of_opening(options, &message_), Status::kNotFound);
  EXPECT_THAT(message_, StartsWith("model mine: missing s3gen.safetensors: it has conds.pt, "));
  options.files.push_back(options.files.front());
  EXPECT_EQ(status_of_opening(options, &message_), Status::kInvalidArgument);
  EXPECT_EQ(message_, "files must have different names, two are t3_cfg.safetensors");
}

// What was read does not depend on the file any more.
TEST_F(ModelFolders, WeightsAreReadOrLockedAtOnce) {
  const ModelFiles expected = open(good().path());
  for (const Weights weights : {Weights::kMapped, Weights::kRead, Weights::kLocked}) {
    const CheckpointFolder folder;
    EngineOptions options = options_for(folder.path());
    options.weights = weights;
    const Status status = status_of_opening(options, &message_);
    if (weights == Weights::kLocked && status == Status::kOutOfMemory) {
      EXPECT_THAT(message_, HasSubstr("RLIMIT_MEMLOCK"));  // this machine does not allow it
      continue;
    }
    ASSERT_EQ(status, Status::kOk) << message_;
    const ModelFiles files = open_model(options);
    expect_same_tensors(*files.t3, *expected.t3);
    if (weights == Weights::kMapped) continue;
    for (const char* name : testing::kWeightFiles) {
      testing::write_bytes(folder.file(name), std::string(1000, 'x'));
    }
    expect_same_tensors(*files.t3, *expected.t3);
    expect_same_tensors(*files.s3gen, *expected.s3gen);
    expect_same_tensors(*files.voice_encoder, *expected.voice_encoder);
  }
}

TEST_F(ModelFolders, VoicesAreFilesOfTheFolder) {
  const CheckpointFolder folder;
  const ModelFiles files = open(folder.path());
  EXPECT_THAT(voice_names(files), ::testing::IsEmpty());
  voice::save(*files.default_voice, folder.file("ann.voice"));
  EXPECT_EQ(open_voice(files, "ann")->s3gen_mel, files.default_voice->s3gen_mel);
  voice::save(*files.default_voice, folder.file("bob.voice"));
  const auto message = [](const ModelFiles& model, const std::string& name) -> std::string {
    try {
      (void)open_voice(model, name);
      return "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kNotFound);
      return error.what();
    }
  };
  EXPECT_EQ(message(files, "cid"), "the model has no voice cid: it has ann, bob");
  EXPECT_EQ(message(files, "../bob"), "the model has no voice ../bob: it has ann, bob");
  EXPECT_THAT(voice_names(files), ::testing::ElementsAre("ann", "bob"));
  EXPECT_EQ(message(open(good().path()), "ann"), "the model has no voice ann: it has none by name");

  EngineOptions options = in_memory(folder);
  options.files.push_back({"cid.voice", testing::read_bytes(folder.file("ann.voice"))});
  const ModelFiles memory = open_model(options);
  EXPECT_THAT(voice_names(memory), ::testing::ElementsAre("cid"));
  EXPECT_EQ(open_voice(memory, "cid")->s3gen_mel, files.default_voice->s3gen_mel);
}

// Its own tests are those of tests/golden/demo_voice_test.cpp.
TEST_F(ModelFolders, TheDemoIsAFolderOfTheEnglishFamily) {
  const ModelFiles demo = open("demo");
  EXPECT_EQ(demo.traits.family, Family::kEnglish);
  EXPECT_NE(demo.default_voice, nullptr);
  for (const char* name : {"low", "high"}) EXPECT_NE(open_voice(demo, name), nullptr);
}

class WithIds final : public text::Tokenizer {
 public:
  WithIds(std::optional<int64_t> start, std::optional<int64_t> stop) : start_(start), stop_(stop) {}
  using Tokenizer::encode;
  [[nodiscard]] std::vector<int64_t> encode(std::string_view, std::string_view,
                                            const text::TextOptions&) const override {
    return {};
  }
  [[nodiscard]] int64_t vocabulary_size() const override { return 9; }
  [[nodiscard]] std::optional<int64_t> start_id() const override { return start_; }
  [[nodiscard]] std::optional<int64_t> stop_id() const override { return stop_; }

 private:
  std::optional<int64_t> start_, stop_;
};

TEST_F(ModelFolders, TextIsFramedByTheVocabularysIdsOrTheOfficialOnes) {
  const t3::TextFraming own = text_framing(WithIds(3, 4));
  EXPECT_EQ(own.start, 3);
  EXPECT_EQ(own.stop, 4);
  const t3::TextFraming official = text_framing(WithIds(std::nullopt, std::nullopt));
  EXPECT_EQ(official.start, 255);
  EXPECT_EQ(official.stop, 0);
  const t3::TextFraming made = text_framing(*open(good().path()).tokenizer);
  EXPECT_EQ(made.start, 255);
  EXPECT_EQ(made.stop, 0);
}

TEST_F(ModelFolders, WhatIsNoFolder) {
  EXPECT_EQ(status_of_opening("/nowhere/model", &message_), Status::kNotFound);
  EXPECT_EQ(message_, "model /nowhere/model: no such folder (a checkpoint folder, or \"demo\")");
  const std::string file = good().file("tokenizer.json");
  EXPECT_EQ(status_of_opening(file, &message_), Status::kNotFound);
  EXPECT_THAT(message_, HasSubstr(file + ": no such folder"));
}

TEST_F(ModelFolders, EveryMissingFileIsNamed) {
  for (const std::string name : kModelFiles) {
    const DamagedFolder folder(good(), name);
    folder.remove();
    if (name == "conds.pt") {
      EXPECT_EQ(open(folder.path()).default_voice, nullptr);
      continue;
    }
    EXPECT_EQ(status_of_opening(folder.path(), &message_), Status::kNotFound);
    const bool t3 = name == kModelFiles[0];
    EXPECT_THAT(message_,
                StartsWith("model " + folder.path() + (t3 ? ": no T3" : ": missing " + name)));
    EXPECT_THAT(message_, HasSubstr("english needs t3_cfg.safetensors, s3gen.safetensors, "
                                    "ve.safetensors, tokenizer.json"));
  }
}

TEST_F(ModelFolders, TruncatedAt200Places) {
  for (const std::string name : kModelFiles) {
    SCOPED_TRACE(name);
    const DamagedFolder folder(good(), name);
    const auto size = std::filesystem::file_size(folder.damaged_file());
    // From the end, so that one copy shrinks: 100 places all over the file, then its first bytes.
    for (int place = 199; place >= 0; --place) {
      const auto bytes = static_cast<uintmax_t>(place);
      const auto kept = place >= 100 ? size * (bytes - 100) / 100 + 100 : bytes;
      folder.truncate(std::min(kept, size - 1));
      EXPECT_EQ(status_of_opening(folder.path(), &message_), status_of_bad(name)) << kept;
      EXPECT_THAT(message_, StartsWith(folder.damaged_file() + ": ")) << kept;
    }
  }
}

TEST_F(ModelFolders, OtherFilesUnderTheRightName) {
  for (const std::string name : kModelFiles) {
    SCOPED_TRACE(name);
    const DamagedFolder folder(good(), name);
    for (const std::string& bytes :
         {std::string(), std::string("<html>404</html>"),
          std::string("version https://git-lfs.github.com/spec/v1\n"), std::string(100, '\0')}) {
      testing::write_bytes(folder.damaged_file(), bytes);
      EXPECT_EQ(status_of_opening(folder.path(), &message_), status_of_bad(name)) << bytes;
      EXPECT_THAT(message_, StartsWith(folder.damaged_file() + ": ")) << bytes;
    }
  }
}

TEST_F(ModelFolders, AFolderInPlaceOfAFile) {
  for (const std::string name : kModelFiles) {
    const DamagedFolder folder(good(), name);
    folder.remove();
    std::filesystem::create_directory(folder.damaged_file());
    EXPECT_EQ(status_of_opening(folder.path(), &message_), Status::kIo);
    EXPECT_THAT(message_, StartsWith(folder.damaged_file() + ": "));
  }
}

}  // namespace
}  // namespace chatterbox::runtime
