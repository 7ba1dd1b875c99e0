// Files of words with their times, of a model whose T3 names heads; its weights are made up.
#include <cstdlib>

#include "checkpoint/safetensors.h"
#include "cli/cli_test.h"
#include "runtime/checkpoint_folder.h"
#include "support/synthetic/synthetic.h"

namespace chatterbox::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class WordFiles : public CliTest {
 protected:
  WordFiles() {
    const auto t3 = testing::make_synthetic("t3_cfg", testing::SyntheticSize::kTiny);
    checkpoint::write_safetensors(model_.file("t3_cfg.safetensors"), t3->entries(),
                                  {{"chatterbox.alignment_heads", "2.1,1.0,0.1"}});
  }
  [[nodiscard]] std::vector<std::string> speak(const std::string& text,
                                               std::vector<std::string> options) const {
    options.insert(options.end(), {"--model", model_.path(), "-o", path("a.wav")});
    return quick(text, options);
  }

  const testing::CheckpointFolder model_;
};

TEST_F(WordFiles, AreSubtitlesOrJson) {
  const std::string text = "One <b>two</b>\n three.";
  for (const char* name : {"a.srt", "a.vtt", "a.json"}) {
    const Outcome outcome = run(speak(text, {"--words", path(name), "--seed", "1"}));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  }
  EXPECT_THAT(read_file(path("a.srt")), StartsWith("1\n00:00:00,"));
  EXPECT_THAT(read_file(path("a.srt")), HasSubstr("One <b>two</b>"));
  EXPECT_THAT(read_file(path("a.vtt")), StartsWith("WEBVTT\n\n00:00:00."));
  EXPECT_THAT(read_file(path("a.vtt")), HasSubstr("One &lt;b&gt;two&lt;/b&gt;"));
  const auto words = read_json(path("a.json")).at("words");
  ASSERT_GE(words.size(), 2U);
  EXPECT_EQ(words[0].at("text"), "One");
  EXPECT_EQ(words[1].at("text"), "<b>two</b>");
  EXPECT_EQ(words[1].at("text_begin"), 4);
  EXPECT_LE(words[0].at("end_seconds"), words[1].at("begin_seconds"));
}

TEST_F(WordFiles, OfStreamsAndOfWhatIsFed) {
  const std::string text = "One two. Three.";
  ASSERT_EQ(run(speak(text, {"--stream", "--words", path("a.json"), "--seed", "1"})).exit_code, 0);
  const auto words = read_json(path("a.json")).at("words");
  ASSERT_FALSE(words.empty());
  EXPECT_EQ(words[0].at("text"), "One");
  const Outcome fed = run(speak("-", {"--stream", "--words", path("b.json"), "--seed", "1"}), text);
  ASSERT_EQ(fed.exit_code, 0) << fed.err;
  EXPECT_EQ(read_json(path("b.json")).at("words")[0].at("text"), "One");
}

TEST_F(WordFiles, OfABatch) {
  write_file(path("requests.jsonl"),
             "{\"id\": \"a\", \"text\": \"One two.\"}\n"
             "{\"id\": \"b\", \"text\": \"One two.\", \"word_times\": false}\n");
  const Outcome outcome =
      run({"batch", path("requests.jsonl"), "--model", model_.path(), "--words", "srt",
           "--max-new-tokens", "20", "--cfm-steps", "1", "-o", path("out")});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(read_file(path("out/a.srt")), HasSubstr("One"));
  EXPECT_FALSE(std::filesystem::exists(path("out/b.srt")));
  EXPECT_THAT(outcome.out, HasSubstr("\"words\":[{\"text_begin\":0,\"text_end\":3,"));
}

TEST_F(WordFiles, WrongOnesAreRefused) {
  expect_failure(run(speak("One.", {"--words", path("a.txt")})), 2, ".srt, .vtt or .json");
  expect_failure(run(quick("One.", {"--words", path("a.srt"), "-o", path("a.wav")})), 2,
                 "no head 15 in layer 12");
}

}  // namespace
}  // namespace chatterbox::test
