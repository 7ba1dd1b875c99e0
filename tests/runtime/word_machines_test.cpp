// Word times of a model whose T3 names heads: made-up weights, so their times mean nothing, but
// they are of the text, in order, and the same alone, among others and in a stream.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>

#include "checkpoint/safetensors.h"
#include "runtime/checkpoint_folder.h"
#include "runtime/streamed.h"
#include "support/failure_of.h"
#include "support/synthetic/synthetic.h"

namespace chatterbox::runtime {
namespace {

using testing::CheckpointFolder;
using testing::cpu_options;
using testing::failure_of;
using ::testing::HasSubstr;
using testing::Machines;
using testing::Streamed;
using testing::streaming;

class WordMachines : public ::testing::Test {
 protected:
  WordMachines() {
    const auto t3 = testing::make_synthetic("t3_cfg", testing::SyntheticSize::kTiny);
    checkpoint::write_safetensors(folder_.file("t3_cfg.safetensors"), t3->entries(),
                                  {{"chatterbox.alignment_heads", "2.1,1.0,0.1"}});
    machines_ = std::make_unique<Machines>(cpu_options(folder_.path()));
  }

  [[nodiscard]] Task task(const std::string& text, bool words = true) const {
    Task task = machines_->speech_task(text);
    task.temperature = 5;
    task.min_p = 0;
    task.max_new_tokens = 40 + static_cast<int64_t>(text.size()) % 30;
    task.cfm_steps = task.cfg_steps = 1;
    task.word_times = words;
    if (words) task.words = machines_->catalog().words(task);
    return task;
  }

  const CheckpointFolder folder_;
  std::unique_ptr<Machines> machines_;
};

using Times = std::vector<std::array<double, 4>>;

Times times_of(const Utterance& utterance) {
  Times times;
  for (const Word& word : utterance.stats().words) {
    times.push_back({static_cast<double>(word.text_begin), static_cast<double>(word.text_end),
                     word.begin, word.end});
  }
  return times;
}

TEST_F(WordMachines, ChangeNoToken) {
  for (const bool guided : {true, false}) {
    Task with = task("One two, three."), without = task("One two, three.", false);
    if (!guided) with.cfg_weight = without.cfg_weight = 0;
    const auto a = machines_->draw(with), b = machines_->draw(without);
    EXPECT_EQ(machines_->speak(*a), machines_->speak(*b));
    EXPECT_TRUE(b->stats().words.empty());
  }
}

TEST_F(WordMachines, AreOfTheTextAndInOrder) {
  const std::string text = "Now; this is - all of it.";
  const auto utterance = machines_->draw(task(text));
  const double seconds = static_cast<double>(utterance->tokens()) / 25;
  double now = 0;
  for (const Word& word : utterance->stats().words) {
    EXPECT_EQ(text.substr(word.text_begin, word.text_end - word.text_begin).find(' '),
              std::string::npos);
    EXPECT_GE(word.begin, now);
    EXPECT_GE(word.end, word.begin);
    now = word.end;
  }
  EXPECT_LE(now, seconds);
  EXPECT_FALSE(utterance->stats().words.empty());
}

TEST_F(WordMachines, AreTheSameAmongOthersAndInAStream) {
  const std::vector<std::string> texts = {"One two, three.",
                                          "A somewhat longer sentence than that.", "Short.",
                                          "And this one, which is the last of them."};
  std::vector<Times> alone;
  for (const std::string& text : texts) alone.push_back(times_of(*machines_->draw(task(text))));
  std::vector<int64_t> ids;
  for (const std::string& text : texts) ids.push_back(machines_->begin(task(text)));
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(times_of(*machines_->draw(ids[i])), alone[i]) << texts[i];
  }
  StreamPlan plan;
  plan.chunks = {6, 12};
  for (size_t i = 0; i < texts.size(); ++i) {
    Streamed one(*machines_, streaming(task(texts[i]), plan));
    size_t chunks = 0;
    while (!one.advance()) {
      // With each chunk come the words that end in it: they must be known by then, and stay.
      const Times known = times_of(one.utterance());
      ASSERT_LE(known.size(), alone[i].size());
      EXPECT_TRUE(std::equal(known.begin(), known.end(), alone[i].begin()));
      if (one.chunks().size() > chunks) {
        chunks = one.chunks().size();
        const double end = static_cast<double>(one.chunks().back().end) / 25;
        const auto later = std::find_if(alone[i].begin(), alone[i].end(),
                                        [&](const auto& word) { return word[3] > end; });
        EXPECT_GE(known.size(), static_cast<size_t>(later - alone[i].begin()));
      }
      machines_->tokens().step();
    }
    EXPECT_EQ(times_of(one.utterance()), alone[i]) << texts[i];
  }
}

TEST_F(WordMachines, GoWithTheAnalyzer) {
  Task both = task("One two, three."), analyzed = task("One two, three.", false);
  both.analyze_alignment = analyzed.analyze_alignment = true;
  const auto a = machines_->draw(both), b = machines_->draw(analyzed);
  EXPECT_EQ(machines_->speak(*a), machines_->speak(*b));
  EXPECT_FALSE(a->stats().words.empty());
}

TEST(WordMachinesWithoutHeads, AreRefused) {
  const CheckpointFolder english, turbo({"t3_turbo_v1", "s3gen_meanflow", "ve"}, "turbo");
  const auto refused = [](const CheckpointFolder& folder) {
    Machines machines(cpu_options(folder.path()));
    Task task;
    task.text = "Hello.";
    task.text_ids = machines.catalog().encode(task);
    task.voice = machines.catalog().default_voice();
    if (!task.voice) task.voice = std::make_shared<voice::Conditionals>();
    task.word_times = true;
    return failure_of([&] { machines.catalog().check(task); });
  };
  EXPECT_THAT(refused(english).message, HasSubstr("no head 15 in layer 12"));
  EXPECT_THAT(refused(turbo).message, HasSubstr("no heads of this model's family"));
}

}  // namespace
}  // namespace chatterbox::runtime
