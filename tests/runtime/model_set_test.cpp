// What a loaded model says of itself and of what it is asked, on tiny models.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nn/cpu/frame_kernels.h"
#include "nn/cpu/int8.h"
#include "nn/cpu/kernels.h"
#include "runtime/machines.h"
#include "runtime/precision.h"
#include "support/failure_of.h"
#include "support/synthetic_folder.h"

namespace chatterbox::runtime {
namespace {

using testing::CheckpointFolder;
using testing::cpu_options;
using testing::failure_of;
using ::testing::HasSubstr;
using testing::Machines;
using ::testing::StartsWith;

EngineOptions synthetic() { return cpu_options(testing::synthetic_folder()); }

class Catalog : public ::testing::Test {
 protected:
  [[nodiscard]] const ModelCatalog& catalog() const { return machines_.catalog(); }
  [[nodiscard]] Failure refusal(const Task& task) const {
    return failure_of([&] { catalog().check(task); });
  }
  Machines machines_{synthetic()};
};

TEST_F(Catalog, SaysWhatWasLoaded) {
  const EngineInfo& info = catalog().info();
  EXPECT_EQ(info.family, "english");
  EXPECT_EQ(info.model, testing::synthetic_folder());
  EXPECT_EQ(info.device, "cpu");
  EXPECT_EQ(info.precision, "fp32");
  EXPECT_EQ(info.threads, 2);
  EXPECT_EQ(info.weight_bytes, 4 * info.parameters);
  EXPECT_GT(info.parameters, 1000000);
  EXPECT_GT(info.load_seconds, 0);
  EXPECT_TRUE(info.has_default_voice);
  EXPECT_TRUE(info.languages.empty());
  EXPECT_TRUE(info.voices.empty());
  EXPECT_EQ(info.defaults.cfm_steps, 10);
  EXPECT_FALSE(info.meanflow);
  EXPECT_FALSE(info.defaults.analyze_alignment);
  EXPECT_NE(catalog().default_voice(), nullptr);
}

std::string t3_variant(const std::string& precision) {
  if (precision == "int8") return nn::cpu::name(nn::cpu::int8_isa());
  return nn::cpu::name(precision == "bf16" ? nn::cpu::bf16_isa() : nn::cpu::fp32_isa());
}

// What info says of S3Gen in a precision.
std::string s3gen_variant(const std::string& precision) {
  const auto unit = nn::cpu::frame_unit();
  const std::string fp32 = "fp32 libtorch";
  const std::string bf16 = unit ? std::string("bf16 ") + nn::cpu::name(*unit) : "bf16 libtorch";
  if (precision == "fp32") return fp32;
  if (precision == "bf16") return bf16;
  return std::string("int8 ") + (unit ? "avx512-vnni" : nn::cpu::name(nn::cpu::int8_isa())) + ", " +
         (nn::cpu::multiplies_bf16() ? bf16 : fp32);
}

// How each stage is placed, and what is said of it.
TEST(Precisions, OfTheStages) {
  const std::string s3gen = nn::cpu::multiplies_frames_in_int8() ? "int8"
                            : nn::cpu::multiplies_bf16()         ? "bf16"
                                                                 : "fp32";
  struct Case {
    std::optional<Precision> all, t3, s3gen, cache;
    std::string name, taken_t3, taken_s3gen, taken_cache;
  };
  constexpr Precision kFp32 = Precision::kFp32, kBf16 = Precision::kBf16, kInt8 = Precision::kInt8,
                      kAuto = Precision::kAuto;
  for (const Case& one : {Case{kFp32, {}, {}, {}, "fp32", "fp32", "fp32", "fp32"},
                          {{}, {}, {}, {}, "fp32", "fp32", "fp32", "fp32"},
                          {kBf16, {}, {}, {}, "bf16", "bf16", "bf16", "bf16"},
                          {kInt8, {}, {}, {}, "int8", "int8", s3gen, "bf16"},
                          {kAuto, {}, {}, {}, "auto", "int8", s3gen, "bf16"},
                          {{}, kInt8, {}, {}, "fp32", "int8", "fp32", "bf16"},
                          {kAuto, kBf16, kFp32, kFp32, "auto", "bf16", "fp32", "fp32"},
                          {kFp32, {}, kAuto, kBf16, "fp32", "fp32", s3gen, "bf16"},
                          {kInt8, {}, kBf16, {}, "int8", "int8", "bf16", "bf16"},
                          {kFp32, {}, kInt8, {}, "fp32", "fp32", "int8", "fp32"}}) {
    EngineOptions options = synthetic();
    options.precision = one.all;
    options.t3_precision = one.t3;
    options.s3gen_precision = one.s3gen;
    options.kv_cache = one.cache;
    const Machines machines(options);
    const EngineInfo& info = machines.catalog().info();
    EXPECT_EQ(info.precision, one.name);
    EXPECT_EQ(info.t3_precision, one.taken_t3);
    EXPECT_EQ(info.s3gen_precision, one.taken_s3gen);
    EXPECT_EQ(info.kv_cache, one.taken_cache);
    EXPECT_EQ(info.t3_kernels, one.taken_t3 + " " + t3_variant(one.taken_t3));
    EXPECT_EQ(info.s3gen_kernels, s3gen_variant(one.taken_s3gen));
    const int64_t full = Machines(synthetic()).catalog().info().kv_bytes_per_position;
    EXPECT_EQ(info.kv_bytes_per_position, one.taken_cache == "bf16" ? full / 2 : full);
    if (one.taken_t3 != "fp32" || one.taken_s3gen != "fp32") {
      EXPECT_LT(info.weight_bytes, 4 * info.parameters);
    }
  }
}

TEST(Precisions, Int8IsForACpu) {
  EngineOptions options;
  options.precision = Precision::kInt8;
  const auto failure =
      failure_of([&] { (void)choose_placements(options, c10::Device(c10::kCUDA, 0), {}); });
  EXPECT_EQ(failure.status, Status::kUnsupported);
  EXPECT_EQ(failure.message, "device cuda:0: int8 is for a CPU; use bf16 or auto");
  options.precision = Precision::kAuto;
  const StagePlacements cuda = choose_placements(options, c10::Device(c10::kCUDA, 0), {});
  EXPECT_EQ(cuda.t3.dtype, c10::kBFloat16);
  EXPECT_EQ(cuda.s3gen.dtype, c10::kBFloat16);
  EXPECT_FALSE(cuda.s3gen.int8);
  options.s3gen_precision = Precision::kInt8;
  EXPECT_EQ(
      failure_of([&] { (void)choose_placements(options, c10::Device(c10::kCUDA, 0), {}); }).message,
      failure.message);
}

TEST(Precisions, ADeviceHasLibtorchsKernels) {
  const nn::Placement cuda{c10::Device(c10::kCUDA, 0), c10::kBFloat16};
  EXPECT_EQ(t3_kernels(cuda), "bf16 libtorch");
  EXPECT_EQ(s3gen_kernels(cuda, false), "bf16 libtorch");
}

TEST_F(Catalog, ACpuSpeaksOneUtteranceAtATimeOnOneThread) {
  EXPECT_FALSE(catalog().device_traits().overlaps);
  EXPECT_FALSE(catalog().device_traits().batches_speech);
  EXPECT_EQ(catalog().device_traits().prefills, 1);
}

TEST_F(Catalog, CountsTokensWithStartAndStop) {
  Task task;
  task.text = "Hello.";
  const std::vector<int64_t> ids = catalog().encode(task);
  EXPECT_GT(ids.size(), 2U);
  EXPECT_EQ(catalog().text_tokens(task), static_cast<int64_t>(ids.size()) + 2);
  EXPECT_EQ(catalog().piece_tokens(), 160);
}

TEST_F(Catalog, CountsRows) {
  Task task = machines_.speech_task("Hello.");
  EXPECT_EQ(catalog().rows(task), 2);
  task.cfg_weight = 0;
  EXPECT_EQ(catalog().rows(task), 1);
  const Audio second{std::vector<float>(24000, 0.25F)};
  EXPECT_EQ(catalog().rows(machines_.conversion_task(second)), 0);
  EXPECT_EQ(catalog().rows(Machines::voice_task(second)), 0);
}

TEST_F(Catalog, RefusesWhatTheModelCannotSpeak) {
  const Task good = machines_.speech_task("Hello.");
  EXPECT_EQ(refusal(good).status, Status::kOk);

  Task task = good;
  task.text_ids.resize(static_cast<size_t>(catalog().info().max_text_tokens) - 1, 5);
  EXPECT_EQ(refusal(task).status, Status::kInvalidArgument);
  EXPECT_THAT(refusal(task).message, HasSubstr("tokens with start and stop, the limit is "));

  task = good;
  task.max_new_tokens = 5000;
  EXPECT_THAT(refusal(task).message, StartsWith("max_new_tokens must be at most "));

  task = good;
  task.top_k = 5;
  EXPECT_EQ(refusal(task).message, "top_k must be 0 for a model of the family english, got 5");

  task = good;  // the heads that tell the alignment are not in a tiny model
  task.analyze_alignment = true;
  EXPECT_THAT(refusal(task).message, StartsWith("the model has no head 15 in layer 12 to analyze"));

  task = good;
  voice::Conditionals turbos = *task.voice;
  turbos.prompt_tokens.resize(375, 1);
  task.voice = std::make_shared<const voice::Conditionals>(turbos);
  EXPECT_EQ(refusal(task).status, Status::kBadVoice);
  EXPECT_THAT(refusal(task).message, StartsWith("the voice has 375 prompt tokens"));
}

// Two rows of 300 positions: 34 of conditioning, the text, two starts of speech, and all new tokens
// but the last, which is not fed back.
TEST_F(Catalog, RefusesWhatNoRowCanHold) {
  EngineOptions options = synthetic();
  options.max_batch = 1;
  options.memory_limit = 2 * 300 * catalog().info().kv_bytes_per_position / 3 * 4;
  Machines small(options);
  EXPECT_EQ(small.catalog().limits().rows, 2);
  EXPECT_EQ(small.catalog().limits().positions, 300);
  Task task = small.speech_task("Hello.");
  const int64_t text = small.catalog().text_tokens(task);
  task.max_new_tokens = 300 - 34 - text - 2 + 1;
  EXPECT_NO_THROW(small.catalog().check(task));
  task.max_new_tokens += 1;
  const Failure failure = failure_of([&] { small.catalog().check(task); });
  EXPECT_EQ(failure.status, Status::kInvalidArgument);
  EXPECT_THAT(failure.message,
              HasSubstr("needs 301 positions of the KV cache (" + std::to_string(text) +
                        " for its text, " + std::to_string(task.max_new_tokens) +
                        " for max_new_tokens), which has 2 rows of 300"));
  options.memory_limit = 1000;
  const Failure too_small = failure_of([&] { (void)load_model(options); });
  EXPECT_EQ(too_small.status, Status::kOutOfMemory);
  EXPECT_THAT(too_small.message, HasSubstr("1000 bytes of memory are too few"));
}

// The rows of a batch, or of one request where they run one at a time.
TEST_F(Catalog, ModeAndBatchGiveTheRows) {
  EngineOptions options = synthetic();
  options.max_batch = 3;
  EXPECT_EQ(load_model(options)->catalog().limits().rows, 6);
  options.mode = Mode::kSequential;
  const auto sequential = load_model(options);
  EXPECT_EQ(sequential->catalog().limits().rows, 2);
  EXPECT_EQ(sequential->catalog().mode(), Mode::kSequential);
  options.mode = Mode::kBatch;
  options.deterministic = true;  // a row has its bits on a CPU, whatever the mode
  EXPECT_EQ(load_model(options)->catalog().mode(), Mode::kBatch);
}

TEST_F(Catalog, AModelInMemorySpeaksAsItsFolder) {
  const CheckpointFolder folder;
  EngineOptions options = cpu_options("mine");
  for (const std::string name : testing::kModelFiles) {
    options.files.push_back({name, testing::read_bytes(folder.file(name))});
  }
  Machines memory(options);
  options.files.clear();
  EXPECT_EQ(memory.catalog().info().model, "mine");
  Task task = machines_.speech_task("Hello.");
  task.max_new_tokens = 8;
  task.cfm_steps = 2;
  EXPECT_EQ(memory.speak(task), machines_.speak(task));
}

TEST_F(Catalog, FilesUnderEachOthersNamesAreRefused) {
  const CheckpointFolder english;
  const CheckpointFolder turbo({"t3_turbo_v1", "s3gen_meanflow", "ve"}, "turbo");
  const auto replace = [](const CheckpointFolder& folder, const char* name,
                          const std::string& with) {
    std::filesystem::copy_file(with, folder.file(name),
                               std::filesystem::copy_options::overwrite_existing);
  };
  const auto failure = [&] {
    return failure_of([&] { (void)load_model(cpu_options(english.path())); });
  };
  std::filesystem::rename(english.file("t3_cfg.safetensors"), english.file("t3_flash.safetensors"));
  EXPECT_EQ(failure().status, Status::kBadModelFile);
  EXPECT_THAT(failure().message,
              HasSubstr("not a T3 of the family flash, whose speech_emb.weight"));
  const testing::FlashFolder flash;
  replace(english, "t3_flash.safetensors", flash.file("t3_flash.safetensors"));
  EXPECT_EQ(failure().status, Status::kBadModelFile);
  EXPECT_THAT(failure().message, HasSubstr("not an S3Gen of the family flash: it has no flow."));
  std::filesystem::rename(english.file("t3_flash.safetensors"), english.file("t3_cfg.safetensors"));
  EXPECT_THAT(failure().message, HasSubstr("not a T3 of the family english"));
  replace(english, "t3_cfg.safetensors", turbo.file("t3_turbo_v1.safetensors"));
  EXPECT_EQ(failure().status, Status::kBadModelFile);
  EXPECT_THAT(failure().message, HasSubstr("not a T3 of the family english"));
}

// A mean flow under the plain name is found by what the file holds.
TEST_F(Catalog, AMeanFlowServesEnglishToo) {
  const CheckpointFolder english;
  const testing::FlashFolder flash;
  std::filesystem::copy_file(flash.file("s3gen.safetensors"), english.file("s3gen.safetensors"),
                             std::filesystem::copy_options::overwrite_existing);
  Machines machines(cpu_options(english.path()));
  EXPECT_TRUE(machines.catalog().info().meanflow);
  EXPECT_EQ(machines.catalog().info().defaults.cfm_steps, 2);
}

// A model of another size than the official one says which of its heads align.
TEST(CatalogWithHeadsOfItsOwn, AnalyzesByThem) {
  const CheckpointFolder folder;
  const auto store = [&](const std::string& heads) {
    const auto t3 = testing::make_synthetic("t3_cfg", testing::SyntheticSize::kTiny);
    checkpoint::write_safetensors(folder.file("t3_cfg.safetensors"), t3->entries(),
                                  {{"chatterbox.alignment_heads", heads}});
  };
  const auto check = [&] {
    Machines machines(cpu_options(folder.path()));
    Task task = machines.speech_task("Hello.");
    task.analyze_alignment = true;
    machines.catalog().check(task);
  };
  EXPECT_THAT(failure_of(check).message, HasSubstr("no head 15 in layer 12"));
  store("2.1,1.0,0.1");
  EXPECT_NO_THROW(check());
  const auto failure = [&] {
    return failure_of([&] { (void)load_model(cpu_options(folder.path())); });
  };
  store("2.1,1.0,12.15");
  EXPECT_EQ(failure().status, Status::kBadModelFile);
  EXPECT_THAT(failure().message, HasSubstr("names heads that the model does not have"));
  store("2.1,1.0");
  EXPECT_EQ(failure().status, Status::kBadModelFile);
  EXPECT_THAT(failure().message, HasSubstr("must be three of LAYER.HEAD"));
}

TEST(CatalogOfTurbo, HasTheFamilysTraits) {
  const CheckpointFolder folder({"t3_turbo_v1", "s3gen_meanflow", "ve"}, "turbo");
  Machines machines(cpu_options(folder.path()));
  const EngineInfo& info = machines.catalog().info();
  EXPECT_EQ(info.family, "turbo");
  EXPECT_EQ(info.defaults.cfm_steps, 2);
  EXPECT_EQ(info.defaults.top_k, 1000);
  EXPECT_EQ(machines.catalog().piece_tokens(), 80);
  EXPECT_EQ(machines.catalog().default_voice(), nullptr);
  Task task = machines.speech_task("Hello.");
  EXPECT_EQ(machines.catalog().rows(task), 1);
  EXPECT_EQ(machines.catalog().text_tokens(task), static_cast<int64_t>(task.text_ids.size()));
  const Failure failure = failure_of(
      [&] { machines.catalog().check(Machines::voice_task({std::vector<float>(48000, 0.25F)})); });
  EXPECT_EQ(failure.status, Status::kBadAudio);
  EXPECT_THAT(failure.message, HasSubstr("must be at least 5 s long, got 2.000 s"));
}

// Whatever the file is called: what it holds says what it is.
TEST(CatalogWithAnotherS3Gen, TakesItsFlowAndItsSteps) {
  const CheckpointFolder english;
  const CheckpointFolder turbo({"s3gen_meanflow"});
  std::filesystem::rename(turbo.file("s3gen_meanflow.safetensors"),
                          turbo.file("other.safetensors"));
  std::filesystem::remove(english.file("s3gen.safetensors"));
  EngineOptions options = cpu_options(english.path());
  EXPECT_THAT(failure_of([&] { (void)load_model(options); }).message,
              HasSubstr("missing s3gen.safetensors"));
  options.s3gen = turbo.file("other.safetensors");
  Machines machines(options);
  const EngineInfo& info = machines.catalog().info();
  EXPECT_EQ(info.family, "english");
  EXPECT_TRUE(info.meanflow);
  EXPECT_EQ(info.defaults.cfm_steps, 2);
  EXPECT_EQ(info.defaults.cfg_weight, 0.5F);
  Task task = machines.speech_task("Hello.");
  task.max_new_tokens = 8;
  EXPECT_FALSE(machines.speak(task).empty());
  options.s3gen = turbo.file("none.safetensors");
  const Failure failure = failure_of([&] { (void)load_model(options); });
  EXPECT_EQ(failure.status, Status::kNotFound);
  EXPECT_THAT(failure.message, HasSubstr("none.safetensors"));
}

TEST(CatalogOfMultilingual, HasLanguages) {
  const CheckpointFolder folder({"t3_mtl23ls_v2", "s3gen", "ve"}, "multilingual");
  Machines machines(cpu_options(folder.path()));
  EXPECT_EQ(machines.catalog().info().languages.size(), 23U);
  Task task;
  task.text = "Hello.";
  for (const char* language : {"", "xx"}) {
    task.language = language;
    const Failure failure = failure_of([&] { (void)machines.catalog().encode(task); });
    EXPECT_EQ(failure.status, Status::kInvalidArgument);
    EXPECT_THAT(failure.message, HasSubstr("ar, da, de")) << language;
  }
  task.language = "de";
  EXPECT_FALSE(machines.catalog().encode(task).empty());
}

}  // namespace
}  // namespace chatterbox::runtime
