// Texts of any length: spoken in pieces, and written while the rest is being spoken.
#include "cli/cli_test.h"

namespace chatterbox::test {
namespace {

using ::testing::HasSubstr;

using LongText = CliTest;

std::vector<std::string> short_pieces(const std::string& text, std::vector<std::string> options) {
  options.insert(options.end(), {"--max-new-tokens", "12", "--seed", "4"});
  return quick(text, options);
}

// Its parts of the text follow each other, and so do their places in the speech.
void expect_in_order(const nlohmann::json& pieces, const std::string& text, double seconds) {
  size_t text_end = 0;
  double end = 0;
  for (const auto& piece : pieces) {
    const auto begin = piece.at("text_begin").get<size_t>();
    EXPECT_GE(begin, text_end);
    text_end = piece.at("text_end").get<size_t>();
    ASSERT_GT(text_end, begin);
    ASSERT_LE(text_end, text.size());
    EXPECT_NE(text[begin], ' ');
    EXPECT_EQ(text[text_end - 1], '.');
    EXPECT_GE(piece.at("begin_seconds").get<double>(), end - 1e-6);
    end = piece.at("end_seconds").get<double>();
    EXPECT_GT(end, piece.at("begin_seconds").get<double>());
  }
  EXPECT_EQ(text_end, text.size());
  EXPECT_LE(end, seconds + 1e-6);
}

TEST_F(LongText, IsWrittenAsItGoes) {
  const std::string text = long_text();
  write_file(path("text.txt"), text);
  std::vector<std::string> arguments =
      short_pieces("", {"-f", path("text.txt"), "-o", path("a.wav"), "--json", path("a.json")});
  arguments.erase(arguments.begin() + 1);  // the TEXT
  const Outcome outcome = run(arguments);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Audio audio = read_audio(path("a.wav"));
  const auto json = read_json(path("a.json"));
  EXPECT_NEAR(json.at("audio_seconds").get<double>(),
              static_cast<double>(audio.samples().size()) / 24000, 1e-6);
  EXPECT_GT(json.at("text_tokens"), 100);
  EXPECT_GT(audio.samples().size(), 24000U);
  EXPECT_GE(json.at("pieces").size(), 3U);
  expect_in_order(json.at("pieces"), text, json.at("audio_seconds").get<double>());

  // The same bytes of samples in a pipe, behind a header that tells no size.
  const Outcome piped = run(short_pieces("-", {"-o", "-"}), text);
  ASSERT_EQ(piped.exit_code, 0) << piped.err;
  EXPECT_EQ(piped.out.substr(0, 8), "RIFF\xff\xff\xff\xff");
  const std::string bytes = read_file(path("a.wav"));
  ASSERT_EQ(piped.out.size(), bytes.size());
  EXPECT_TRUE(piped.out.substr(44) == bytes.substr(44));
  // So is a pipe that has a name.
  const Outcome named = run(short_pieces("-", {"-o", "/dev/stdout", "--format", "wav"}), text);
  ASSERT_EQ(named.exit_code, 0) << named.err;
  EXPECT_TRUE(named.out == piped.out);
}

TEST_F(LongText, PausesAreKnownInAnyCase) {
  const auto size_of = [&](const std::string& text) {
    const Outcome outcome = run(short_pieces(text, {"-o", path("a.wav")}));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return read_audio(path("a.wav")).samples().size();
  };
  EXPECT_EQ(size_of("One.[Pause:1S]Two."), size_of("One.[pause:500ms]Two.") + 12000);
}

TEST_F(LongText, WhatWasThereStaysUntilThereAreSamples) {
  write_file(path("a.wav"), "what was there");
  const Outcome outcome =
      run(short_pieces("-", {"-o", path("a.wav"), "--language", "fr"}), long_text());
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("language"));
  EXPECT_EQ(read_file(path("a.wav")), "what was there");
}

TEST_F(LongText, TextOrFile) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"speak"}, {"speak", "Hello.", "-f", path("text.txt")}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("speak needs either TEXT or --file, not both"));
  }
  const Outcome outcome = run({"speak", "-f", path("none.txt")});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("none.txt"));
}

TEST_F(LongText, ATerminalShowsPiecesAndSeconds) {
  const Outcome outcome =
      run_on_terminal(command(short_pieces(long_text(), {"-o", path("a.wav")})));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex("\\[K[0-9]+ of [0-9]+ pieces, [0-9]+ s"));
}

// A text of an hour: what was spoken until the interrupt is there, and a whole file.
TEST_F(LongText, AnInterruptLeavesAWholeFileInEveryFormat) {
  for (const char* name : {"a.wav", "a.flac", "a.ogg", "a.opus", "a.mp3"}) {
    SCOPED_TRACE(name);
    const Outcome outcome =
        run_on_terminal(command(quick(long_text(1000),
                                      {"--seed", "1", "--max-new-tokens", "40", "--temperature",
                                       "5", "--min-p", "0", "--cfm-steps", "4", "-o", path(name)})),
                        "1 of ");
    EXPECT_EQ(outcome.exit_code, 130) << outcome.out;
    EXPECT_THAT(outcome.out, HasSubstr("interrupted"));
    const Audio audio = read_audio(path(name));
    EXPECT_GT(audio.samples().size(), static_cast<size_t>(audio.sample_rate()) / 2);
  }
}

}  // namespace
}  // namespace chatterbox::test
