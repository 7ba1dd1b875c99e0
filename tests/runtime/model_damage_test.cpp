// Checkpoints whose files are whole but wrong: every tensor that is missing, unexpected or of
// another shape or type is named, and an engine that is running is none the worse for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "audio/codec.h"
#include "runtime/checkpoint_folder.h"
#include "runtime/machines.h"
#include "support/failure_of.h"
#include "voice/conditionals.h"

namespace chatterbox::runtime {
namespace {

using ::testing::AllOf;
using testing::CheckpointFolder;
using testing::cpu_options;
using testing::DamagedFolder;
using testing::failure_of;
using ::testing::HasSubstr;
using testing::kWeightFiles;
using testing::Machines;
using ::testing::Not;
using ::testing::StartsWith;

Task task_of(const Machines& machines, int64_t tokens = 8) {
  Task task = machines.speech_task("Hello.");
  task.max_new_tokens = tokens;
  task.cfm_steps = 2;
  return task;
}

std::vector<float> speak(Machines& machines) { return machines.speak(task_of(machines)); }

Status status_of_loading(const std::string& model, std::string* message) {
  const Failure failure = failure_of([&] { (void)load_model(cpu_options(model)); });
  *message = failure.message;
  EXPECT_EQ(message->find('\n'), std::string::npos) << *message;
  return failure.status;
}

class ModelDamage : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    good_ = std::make_unique<CheckpointFolder>();
    loaded_ = std::make_unique<Machines>(cpu_options(good_->path()));
    speech_ = speak(*loaded_);
  }
  static void TearDownTestSuite() {
    loaded_.reset();
    good_.reset();
  }
  // Whatever became of other models, the loaded one speaks as before.
  void TearDown() override { EXPECT_EQ(speak(*loaded_), speech_); }

  static const CheckpointFolder& good() { return *good_; }
  static const std::vector<float>& speech() { return speech_; }
  std::string message_;

 private:
  static std::unique_ptr<CheckpointFolder> good_;
  static std::unique_ptr<Machines> loaded_;
  static std::vector<float> speech_;
};
std::unique_ptr<CheckpointFolder> ModelDamage::good_;
std::unique_ptr<Machines> ModelDamage::loaded_;
std::vector<float> ModelDamage::speech_;

// Writes the damaged file anew, with what `change` makes of its tensors.
void rewrite(const CheckpointFolder& good, const DamagedFolder& folder, const std::string& name,
             const std::function<void(std::vector<checkpoint::TensorEntry>&)>& change) {
  const auto file = checkpoint::open_safetensors(good.file(name));
  std::vector<checkpoint::TensorEntry> entries = file->entries();
  change(entries);
  checkpoint::write_safetensors(folder.damaged_file(), entries);
}

std::vector<checkpoint::TensorEntry>::iterator find(std::vector<checkpoint::TensorEntry>& entries,
                                                    const std::string& name) {
  return std::find_if(entries.begin(), entries.end(),
                      [&](const checkpoint::TensorEntry& entry) { return entry.name == name; });
}

struct Victim {
  const char* file;
  const char* tensor;
};
constexpr Victim kVictims[] = {
    {"t3_cfg.safetensors", "speech_head.weight"},
    {"s3gen.safetensors", "mel2wav.conv_pre.bias"},
    {"ve.safetensors", "proj.weight"},
};

TEST_F(ModelDamage, AFolderWithoutAVoice) {
  const DamagedFolder folder(good(), "conds.pt");
  folder.remove();
  Machines machines(cpu_options(folder.path()));
  EXPECT_FALSE(machines.catalog().info().has_default_voice);
  EXPECT_EQ(machines.catalog().default_voice(), nullptr);
  Task task = task_of(machines);
  task.voice = std::make_shared<const voice::Conditionals>(voice::load(good().file("conds.pt")));
  EXPECT_EQ(machines.speak(task), speech());
}

// A small model may know fewer speech tokens than there are. What T3 draws beyond them is dropped;
// a voice and a recording that have others are refused.
TEST_F(ModelDamage, AFlowThatKnowsFewerSpeechTokens) {
  constexpr int64_t kKnown = 3000;
  const DamagedFolder folder(good(), "s3gen.safetensors");
  rewrite(good(), folder, "s3gen.safetensors", [](auto& entries) {
    const auto table = find(entries, "flow.input_embedding.weight");
    table->bytes = table->bytes / static_cast<size_t>(table->shape[0]) * kKnown;
    table->shape[0] = kKnown;
  });
  Machines machines(cpu_options(folder.path()));
  Task task = task_of(machines, 40);
  Failure failure = failure_of([&] { machines.catalog().check(task); });
  EXPECT_EQ(failure.status, Status::kBadVoice);
  EXPECT_THAT(failure.message, HasSubstr("this model's are below 3000"));

  voice::Conditionals small = *task.voice;
  for (int64_t& token : small.s3gen_tokens) token %= kKnown;
  task.voice = std::make_shared<const voice::Conditionals>(small);
  const auto utterance = machines.draw(task);
  constexpr size_t kSamplesPerToken = 960;
  EXPECT_LT(machines.speak(*utterance).size(),
            static_cast<size_t>(utterance->stats().speech_tokens) * kSamplesPerToken);

  Task conversion =
      machines.conversion_task(audio::read_audio(CHATTERBOX_TEST_DATA "/data/espeak_m3.wav"));
  conversion.voice = task.voice;
  failure = failure_of([&] { (void)machines.draw(conversion); });
  EXPECT_EQ(failure.status, Status::kBadModelFile);
  EXPECT_THAT(failure.message, HasSubstr("its flow has 3000"));
}

TEST_F(ModelDamage, FilesOfEachKind) {
  std::vector<std::pair<std::string, Status>> cases;
  for (const std::string name : kWeightFiles) cases.emplace_back(name, Status::kBadModelFile);
  cases.emplace_back("tokenizer.json", Status::kBadModelFile);
  cases.emplace_back("conds.pt", Status::kBadVoice);
  for (const auto& [name, status] : cases) {
    const DamagedFolder folder(good(), name);
    folder.truncate(std::filesystem::file_size(folder.damaged_file()) / 2);
    EXPECT_EQ(status_of_loading(folder.path(), &message_), status);
    EXPECT_THAT(message_, StartsWith(folder.damaged_file() + ": "));
  }
}

TEST_F(ModelDamage, AMissingTensor) {
  for (const auto& [file, tensor] : kVictims) {
    const DamagedFolder folder(good(), file);
    rewrite(good(), folder, file, [&, name = tensor](auto& entries) {
      ASSERT_NE(find(entries, name), entries.end()) << name;
      entries.erase(find(entries, name));
    });
    EXPECT_EQ(status_of_loading(folder.path(), &message_), Status::kBadModelFile);
    EXPECT_THAT(message_, StartsWith(folder.damaged_file() + ": missing " + tensor));
  }
}

TEST_F(ModelDamage, AWrongShapeNamesBothShapes) {
  for (const auto& [file, tensor] : kVictims) {
    const DamagedFolder folder(good(), file);
    rewrite(good(), folder, file, [&, name = tensor](auto& entries) {
      // The same bytes in two more dimensions.
      find(entries, name)->shape.insert(find(entries, name)->shape.begin(), {1, 1});
    });
    EXPECT_EQ(status_of_loading(folder.path(), &message_), Status::kBadModelFile);
    EXPECT_THAT(message_, AllOf(StartsWith(folder.damaged_file() + ": "), HasSubstr(tensor),
                                HasSubstr("shape [1, 1, "), HasSubstr("expected")));
  }
}

TEST_F(ModelDamage, AWrongType) {
  for (const auto& [file, tensor] : kVictims) {
    const DamagedFolder folder(good(), file);
    rewrite(good(), folder, file, [&, name = tensor](auto& entries) {
      find(entries, name)->dtype = checkpoint::DType::kInt32;  // as many bytes
    });
    EXPECT_EQ(status_of_loading(folder.path(), &message_), Status::kBadModelFile);
    EXPECT_THAT(message_, StartsWith(folder.damaged_file() + ": " + tensor + " has dtype I32"));
  }
}

TEST_F(ModelDamage, EveryDefectOfAFileIsListed) {
  const char* file = "t3_cfg.safetensors";
  const DamagedFolder folder(good(), file);
  const float number = 0;
  rewrite(good(), folder, file, [&](auto& entries) {
    find(entries, "text_emb.weight")->dtype = checkpoint::DType::kInt32;
    entries.erase(find(entries, "speech_head.weight"));
    entries.push_back({"zzz.extra", checkpoint::DType::kFloat32, {1}, &number, sizeof number});
  });
  EXPECT_EQ(status_of_loading(folder.path(), &message_), Status::kBadModelFile);
  EXPECT_THAT(message_,
              AllOf(HasSubstr("missing speech_head.weight"), HasSubstr("unexpected zzz.extra [1]"),
                    HasSubstr("text_emb.weight has dtype I32")));
}

// One bit of the length or of the header: never a crash, always a reason.
TEST_F(ModelDamage, FlippedBitsOfTheHeader) {
  for (const std::string name : kWeightFiles) {
    SCOPED_TRACE(name);
    const DamagedFolder folder(good(), name);
    uint64_t header = 0;
    std::ifstream(folder.damaged_file(), std::ios::binary)
        .read(reinterpret_cast<char*>(&header), sizeof header);
    const uintmax_t bits = 8 * (sizeof header + header);
    // All 64 of the length, then 200 all over the header; odd steps reach every bit of a byte.
    const uintmax_t step = (bits - 64) / 200 | 1U;
    for (uintmax_t bit = 0; bit < bits; bit += bit < 64 ? 1 : step) {
      folder.flip(bit);
      EXPECT_EQ(status_of_loading(folder.path(), &message_), Status::kBadModelFile) << bit;
      EXPECT_THAT(message_, StartsWith(folder.damaged_file() + ": ")) << bit;
      folder.flip(bit);
    }
    EXPECT_EQ(status_of_loading(folder.path(), &message_), Status::kOk);
  }
}

}  // namespace
}  // namespace chatterbox::runtime
