// A quantised folder: the same speech as int8 makes of the folder that it comes from, what it
// holds, and what is refused.
#include "runtime/quantise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <limits>

#include "runtime/checkpoint_folder.h"
#include "runtime/machines.h"
#include "support/collected_tensors.h"
#include "support/failure_of.h"
#include "support/tensors.h"

namespace chatterbox::runtime {
namespace {

namespace fs = std::filesystem;
using testing::CheckpointFolder;
using testing::CollectedTensors;
using testing::cpu_options;
using testing::failure_of;
using ::testing::HasSubstr;
using testing::Machines;
using testing::TemporaryFolder;

class Quantise : public ::testing::Test {
 protected:
  [[nodiscard]] std::string output() const { return folder_.file("int8"); }
  // Of what `model` became.
  [[nodiscard]] EngineOptions options(Precision precision = Precision::kInt8) const {
    EngineOptions options = cpu_options(output());
    options.precision = precision;
    return options;
  }
  // Nothing but what was there before may be beside the output.
  void expect_refusal(const std::string& model, Status status, const std::string& text) const {
    const Failure failure = failure_of([&] { quantise(model, {}, output()); });
    EXPECT_EQ(failure.status, status) << failure.message;
    EXPECT_THAT(failure.message, HasSubstr(text));
    EXPECT_TRUE(fs::is_empty(folder_.file("")));
  }
  // A T3 of the quantised English model whose header was changed.
  void change_header(const std::string& from, const std::string& to) const {
    const std::string t3 = (fs::path(output()) / "t3_cfg.safetensors").string();
    std::string bytes = testing::read_bytes(t3);
    ASSERT_EQ(from.size(), to.size());
    const size_t at = bytes.find(from);
    ASSERT_NE(at, std::string::npos);
    bytes.replace(at, from.size(), to);
    testing::write_bytes(t3, bytes);
  }
  [[nodiscard]] Failure loading(const EngineOptions& options) const {
    return failure_of([&] { (void)load_model(options); });
  }

  TemporaryFolder folder_;
};

struct Spoken {
  at::Tensor tokens;
  std::vector<float> wave;
};

Spoken speak(const EngineOptions& options, const std::string& language) {
  Machines machines(options);
  Task task = machines.speech_task("Hello there, how are you?", language);
  if (task.voice == nullptr) {
    const at::Tensor hum = testing::noise({5 * 24000}, 3).mul_(0.2);
    const auto* samples = hum.const_data_ptr<float>();
    task.voice = machines.make_voice(
        Machines::voice_task(Audio{std::vector<float>(samples, samples + hum.numel())}));
  }
  task.max_new_tokens = 20;
  task.cfm_steps = task.cfg_steps = 2;
  if (machines.catalog().info().meanflow) task.cfg_steps = 0;
  CollectedTensors collected;
  task.sink = collected.sink();
  Spoken spoken;
  spoken.wave = machines.speak(task);
  spoken.tokens = collected.tensor("t3.tokens");
  return spoken;
}

TEST_F(Quantise, SpeaksAsInt8OfThePublishedFolder) {
  const CheckpointFolder english;
  const CheckpointFolder turbo({"t3_turbo_v1", "s3gen_meanflow", "ve"}, "turbo");
  const CheckpointFolder multilingual({"t3_mtl23ls_v2", "s3gen", "ve"}, "multilingual");
  for (const auto& [folder, language] :
       {std::pair(&english, ""), {&turbo, ""}, {&multilingual, "fr"}}) {
    quantise(folder->path(), {}, output());
    EngineOptions published = cpu_options(folder->path());
    published.precision = Precision::kInt8;
    const Spoken expected = speak(published, language);
    for (const Precision precision : {Precision::kInt8, Precision::kAuto}) {
      const Spoken spoken = speak(options(precision), language);
      EXPECT_TRUE(at::equal(spoken.tokens, expected.tokens)) << folder->path();
      EXPECT_EQ(spoken.wave, expected.wave) << folder->path();
      EXPECT_GE(spoken.tokens.numel(), 20);
    }
    fs::remove_all(output());
  }
}

TEST_F(Quantise, SaysWhatItIs) {
  const CheckpointFolder english;
  quantise(english.path(), {}, output() + "/");
  EngineOptions plain = cpu_options(english.path());
  plain.precision = Precision::kInt8;
  const EngineInfo before = load_model(plain)->catalog().info();
  EngineOptions unset = options();
  unset.precision.reset();
  const EngineInfo info = load_model(unset)->catalog().info();
  EXPECT_TRUE(info.quantised);
  EXPECT_FALSE(before.quantised);
  EXPECT_EQ(info.precision, "int8");
  EXPECT_EQ(info.t3_precision, "int8");
  EXPECT_EQ(info.s3gen_precision, before.s3gen_precision);
  // Without what T3 has of its training.
  EXPECT_LT(info.parameters, before.parameters);
  EXPECT_EQ(before.weight_bytes - info.weight_bytes, 2 * (before.parameters - info.parameters));
}

TEST_F(Quantise, KeepsWhatT3SaysOfItself) {
  const CheckpointFolder english;
  const auto t3 = testing::make_synthetic("t3_cfg", testing::SyntheticSize::kTiny);
  checkpoint::write_safetensors(english.file("t3_cfg.safetensors"), t3->entries(),
                                {{"chatterbox.alignment_heads", "2.1,1.0,0.1"}});
  quantise(english.path(), {}, output());
  Machines machines(options());
  Task task = machines.speech_task("Hello.");
  task.analyze_alignment = true;
  EXPECT_NO_THROW(machines.catalog().check(task));  // by heads of its own
}

TEST_F(Quantise, TakesAllFilesAndOneT3) {
  const CheckpointFolder folder({"t3_mtl23ls_v2", "t3_mtl23ls_v3", "s3gen", "ve"}, "multilingual");
  testing::write_bytes(folder.file("LICENSE"), "mine");
  testing::write_bytes(folder.file(".hidden"), "mine");
  fs::create_directory(folder.file("more"));
  fs::create_directory(output());  // an empty one may be there
  EXPECT_EQ(failure_of([&] { quantise(folder.path(), {}, output()); }).status,
            Status::kInvalidArgument);
  quantise(folder.path(), Family::kMultilingualV3, output());
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(output())) {
    names.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAre(
                         "Cangjie5_TC.json", "LICENSE", "grapheme_mtl_merged_expanded_v1.json",
                         "s3gen.safetensors", "t3_mtl23ls_v3.safetensors", "ve.safetensors"));
  EXPECT_EQ(load_model(options())->catalog().info().family, "multilingual");
  // The folder is whole without the one that it was made of.
  EXPECT_FALSE(fs::is_symlink(fs::path(output()) / "s3gen.safetensors"));
}

// Every way of getting the weights into memory, and bytes at any address.
TEST_F(Quantise, LoadsInEveryWay) {
  const CheckpointFolder english;
  quantise(english.path(), {}, output());
  const Spoken expected = speak(options(), "");
  EngineOptions read = options();
  read.weights = Weights::kRead;
  EXPECT_EQ(speak(read, "").wave, expected.wave);
  EngineOptions memory = options();
  memory.model = "mine";
  for (const std::string name : testing::kModelFiles) {
    memory.files.push_back({name, testing::read_bytes((fs::path(output()) / name).string())});
  }
  EXPECT_EQ(speak(memory, "").wave, expected.wave);
}

TEST_F(Quantise, AnotherPrecisionIsRefused) {
  const CheckpointFolder english;
  quantise(english.path(), {}, output());
  for (const auto& [precision, name] :
       {std::pair(Precision::kFp32, "fp32"), {Precision::kBf16, "bf16"}}) {
    const Failure failure = loading(options(precision));
    EXPECT_EQ(failure.status, Status::kUnsupported);
    EXPECT_THAT(
        failure.message,
        HasSubstr("t3_cfg.safetensors: holds int8 (chatterbox quantise), T3 was to run in " +
                  std::string(name) + " on cpu; use int8 or auto"));
  }
  EngineOptions s3gen = options();  // which is stored as published
  s3gen.s3gen_precision = Precision::kFp32;
  EXPECT_EQ(loading(s3gen).status, Status::kOk);
  EXPECT_EQ(failure_of([&] { quantise(output(), {}, folder_.file("again")); }).message,
            (fs::path(output()) / "t3_cfg.safetensors").string() + ": holds int8 already");
  EXPECT_FALSE(fs::exists(folder_.file("again")));
}

TEST_F(Quantise, BadFoldersAreRefused) {
  const CheckpointFolder english;
  expect_refusal("/nowhere", Status::kNotFound, "model /nowhere: no such folder");
  const TemporaryFolder empty;
  expect_refusal(empty.file(""), Status::kNotFound, "no T3 of any family: it is empty");
  const testing::DamagedFolder truncated(english, "t3_cfg.safetensors");
  truncated.truncate(100000);
  expect_refusal(truncated.path(), Status::kBadModelFile, "truncated");
  const testing::DamagedFolder other(english, "s3gen.safetensors");  // which it does not change
  other.truncate(100000);
  expect_refusal(other.path(), Status::kBadModelFile, "s3gen.safetensors");
}

TEST_F(Quantise, ValuesThatAreNotFiniteAreRefused) {
  const CheckpointFolder english;
  const testing::DamagedFolder damaged(english, "t3_cfg.safetensors");
  const auto file = checkpoint::open_safetensors(damaged.damaged_file());
  const auto* entry = file->find("tfmr.layers.1.mlp.up_proj.weight");
  ASSERT_NE(entry, nullptr);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::string bytes = testing::read_bytes(damaged.damaged_file());
  const size_t at = bytes.find({static_cast<const char*>(entry->data), entry->bytes});
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, sizeof nan, reinterpret_cast<const char*>(&nan), sizeof nan);
  testing::write_bytes(damaged.damaged_file(), bytes);
  expect_refusal(damaged.path(), Status::kBadModelFile,
                 "tfmr.layers.1.mlp.up_proj.weight has a value that is not finite");
}

TEST_F(Quantise, OutputsThatCannotBeAreRefused) {
  const CheckpointFolder english;
  const auto refusal = [&](const std::string& output) {
    const Failure failure = failure_of([&] { quantise(english.path(), {}, output); });
    EXPECT_EQ(failure.status, Status::kIo);
    return failure.message;
  };
  EXPECT_EQ(refusal(english.path()), english.path() + ": exists, and is not empty");
  EXPECT_EQ(refusal(english.file("conds.pt")),
            english.file("conds.pt") + ": exists, and is not a folder");
  EXPECT_THAT(refusal(folder_.file("none/int8")),
              HasSubstr("none/int8: cannot be made: No such file or directory"));
}

// As on a full disk: no file may have more than 100 kB.
TEST_F(Quantise, WhatCannotBeWrittenLeavesNothing) {
  const CheckpointFolder english;
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small = {100000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  expect_refusal(english.path(), Status::kIo, "int8/t3_cfg.safetensors: cannot be written: ");
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
}

TEST_F(Quantise, DamagedFilesAreRefused) {
  const CheckpointFolder english;
  quantise(english.path(), {}, output());
  const std::string t3 = (fs::path(output()) / "t3_cfg.safetensors").string();
  const std::string good = testing::read_bytes(t3);
  const auto refusal = [&](const std::string& from, const std::string& to) {
    change_header(from, to);
    const Failure failure = loading(options());
    testing::write_bytes(t3, good);
    EXPECT_EQ(failure.status, Status::kBadModelFile);
    EXPECT_THAT(failure.message, HasSubstr(t3));
    return failure.message;
  };
  EXPECT_THAT(refusal(R"(int8_layout":"1")", R"(int8_layout":"2")"),
              HasSubstr("chatterbox.int8_layout is 2, this library reads 1"));
  EXPECT_THAT(refusal("tfmr.layers.0.mlp.up_proj.scale", "tfmr.layers.0.mlp.up_proj.scald"),
              HasSubstr("missing tfmr.layers.0.mlp.up_proj.scale [256]; "
                        "unexpected tfmr.layers.0.mlp.up_proj.scald [256]"));
  EXPECT_THAT(refusal(R"("shape":[2,32,64,4])", R"("shape":[4,32,32,4])"),
              HasSubstr("expected [2, 32, 64, 4]"));
  std::filesystem::resize_file(t3, good.size() - 1);
  EXPECT_THAT(loading(options()).message, HasSubstr("truncated?"));
  testing::write_bytes(t3, good);
  EXPECT_EQ(loading(options()).status, Status::kOk);
}

TEST_F(Quantise, DamagedScalesAreRefused) {
  const CheckpointFolder english;
  quantise(english.path(), {}, output());
  const std::string t3 = (fs::path(output()) / "t3_cfg.safetensors").string();
  const auto file = checkpoint::open_safetensors(t3);
  const auto* scale = file->find("tfmr.layers.0.mlp.up_proj.scale");
  ASSERT_NE(scale, nullptr);
  std::string bytes = testing::read_bytes(t3);
  const size_t at = bytes.find({static_cast<const char*>(scale->data), scale->bytes});
  ASSERT_NE(at, std::string::npos);
  bytes[at + 3] = static_cast<char>(0xff);  // the sign, and all bits of the exponent
  testing::write_bytes(t3, bytes);
  EXPECT_THAT(
      loading(options()).message,
      HasSubstr("tfmr.layers.0.mlp.up_proj.scale has a value that is no finite number from 0"));
}

}  // namespace
}  // namespace chatterbox::runtime
