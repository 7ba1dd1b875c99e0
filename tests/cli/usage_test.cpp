// Wrong usage of the program: exit code 2, one line on stderr that names the value, nothing on
// stdout. No model is loaded in any of these.
#include <algorithm>
#include <filesystem>

#include "cli/cli_test.h"
#include "support/temporary_folder.h"

namespace chatterbox::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

void expect_error(const Outcome& outcome, int exit_code, const std::string& text) {
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, StartsWith("chatterbox: error: "));
  EXPECT_THAT(outcome.err, HasSubstr(text));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
}

struct WrongUsage {
  std::vector<std::string> arguments;
  std::string text;  // in the message
};

class Usage : public ::testing::TestWithParam<WrongUsage> {};

TEST_P(Usage, IsAnErrorOfOneLine) { expect_error(run(GetParam().arguments), 2, GetParam().text); }

INSTANTIATE_TEST_SUITE_P(
    Wrong, Usage,
    ::testing::Values(
        WrongUsage{{}, "subcommand"}, WrongUsage{{"sing"}, "sing"}, WrongUsage{{"speak"}, "TEXT"},
        WrongUsage{{"batch"}, "requests"}, WrongUsage{{"speak", "Hi.", "--bad"}, "--bad"},
        WrongUsage{{"speak", "Hi.", "there."}, "there."}, WrongUsage{{"voice"}, "subcommand"},
        WrongUsage{{"voice", "make"}, "recording"}, WrongUsage{{"voice", "info"}, "file"},
        WrongUsage{{"convert"}, "recording"},
        WrongUsage{{"convert", "a.wav", "--dump", "-"}, "--dump"},
        WrongUsage{{"convert", "a.wav", "-o", "-", "--json", "-"}, "standard output"},
        WrongUsage{{"watermark"}, "recording"}, WrongUsage{{"quantise"}, "model"},
        WrongUsage{{"quantise", "a"}, "--output"},
        WrongUsage{{"speak", "Hi.", "--family", "klingon"}, "klingon"},
        WrongUsage{{"speak", "Hi.", "--watermark", "maybe"}, "maybe"},
        WrongUsage{{"speak", "Hi.", "--top-k", "-1"}, "[0, 10000]"}, WrongUsage{{"info"}, "model"},
        WrongUsage{{"speak", "Hi.", "--voice"}, "--voice"},
        WrongUsage{{"speak", "Hi.", "-o", "-", "--json", "-"}, "standard output"},
        WrongUsage{{"speak", "Hi.", "--dump", "-"}, "--dump"},
        WrongUsage{{"speak", "Hi.", "--weights", "paper"}, "paper"},
        WrongUsage{{"speak", "Hi.", "--memory-limit", "0"}, "must be in [1, "},
        WrongUsage{{"speak", "Hi.", "--format", "aiff"}, "aiff"},
        WrongUsage{{"speak", "Hi.", "-o", "a.txt", "-m", "/nowhere"},
                   "a.txt: the name of an audio file must end in one of .wav, .flac, "},
        WrongUsage{{"convert", "a.wav", "-o", "b", "-m", "/nowhere"}, "must end in one of"},
        WrongUsage{{"batch", "a.jsonl", "--format", "aiff"}, "aiff"}));

INSTANTIATE_TEST_SUITE_P(
    Numbers, Usage,
    ::testing::Values(WrongUsage{{"speak", "Hi.", "--temperature", "nan"}, "nan"},
                      WrongUsage{{"speak", "Hi.", "--temperature", "0.01"},
                                 "must be 0 or in [0.05, 5], got 0.01"},
                      WrongUsage{{"speak", "Hi.", "--temperature", "inf"}, "inf"},
                      WrongUsage{{"speak", "Hi.", "--temperature", "-1"}, "-1"},
                      WrongUsage{{"speak", "Hi.", "--temperature", "warm"},
                                 "must be a number, got warm"},
                      WrongUsage{{"speak", "Hi.", "--temperature", ""}, "--temperature"},
                      WrongUsage{{"speak", "Hi.", "--cfg-weight", "5.1"}, "[0, 5]"},
                      WrongUsage{{"speak", "Hi.", "--exaggeration", "2.5"}, "[0, 2]"},
                      WrongUsage{{"speak", "Hi.", "--min-p", "1.5"}, "[0, 1]"},
                      WrongUsage{{"speak", "Hi.", "--top-p", "0"}, "above 0, up to 1"},
                      WrongUsage{{"speak", "Hi.", "--repetition-penalty", "0.4"}, "[0.5, 5]"},
                      WrongUsage{{"speak", "Hi.", "--max-new-tokens", "0"}, "[1, 4096]"},
                      WrongUsage{{"speak", "Hi.", "--max-new-tokens", "4097"}, "[1, 4096]"},
                      WrongUsage{{"speak", "Hi.", "--max-new-tokens", "3.5"}, "3.5"},
                      WrongUsage{{"speak", "Hi.", "--cfm-steps", "101"}, "[1, 100]"},
                      WrongUsage{{"speak", "Hi.", "--threads", "0"}, "[1, 1024], got 0"},
                      WrongUsage{{"speak", "Hi.", "--seed", "-1"}, "-1"},
                      WrongUsage{{"speak", "Hi.", "--seed", "18446744073709551616"}, "--seed"},
                      WrongUsage{{"speak", "Hi.", "--seed", "x"}, "got x"},
                      WrongUsage{{"speak", "Hi.", "--precision", "fp8"}, "fp8"},
                      WrongUsage{{"speak", "Hi.", "--s3gen-precision", "int4"}, "int4"}));

TEST(Files, ThatCannotBeWrittenAreNoticedBeforeTheModelIsLoaded) {
  expect_error(run({"speak", "Hi.", "-o", "/nowhere/a.wav"}), 1, "/nowhere");
  expect_error(run({"speak", "Hi.", "-o", "/"}), 1, "/: is a folder");
  expect_error(run({"speak", "Hi.", "--json", "/nowhere/a.json"}), 1, "/nowhere");
  expect_error(run({"speak", "Hi.", "--dump", "/nowhere/a.safetensors"}), 1, "/nowhere");
  expect_error(run({"voice", "make", "/nowhere/a.wav", "-o", "/nowhere/a.voice"}), 1, "/nowhere");
}

TEST(Files, OfTwoOutputsMustDiffer) {
  const char* const kSame = "two outputs cannot be the same file";
  expect_error(run({"speak", "Hi.", "-o", "a.wav", "--json", "./a.wav"}), 2, kSame);
  expect_error(run({"speak", "Hi.", "-o", "a.wav", "--dump", "b", "--save-voice", "b"}), 2, kSame);
  expect_error(run({"convert", "in.wav", "-o", "a.wav", "--dump", "a.wav"}), 2, kSame);
  expect_error(run({"voice", "make", "in.wav", "-o", "a", "--json", "a"}), 2, kSame);
  const testing::TemporaryFolder folder;
  const std::string link = folder.file("link");
  std::filesystem::create_symlink("a.wav", link);  // which is not there yet
  expect_error(run({"speak", "Hi.", "-o", folder.file("a.wav"), "--json", link}), 2, kSame);
}

TEST(Files, OfWhichOneIsReadAndReplacedGetAWarning) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.file("a.wav");
  write_file(path, "Hello.");
  const Outcome outcome = run({"speak", "--file", path, "-o", path, "--model", "/nowhere"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("a.wav is read and will be replaced\n"));
}

TEST(Files, OfTextAreUtf8) {
  const std::string path = ::testing::TempDir() + "chatterbox_cli_text.txt";
  write_file(path, std::string("\xFF\xFEH\0i\0", 6));
  expect_error(run({"speak", "--file", path}), 2, "it looks like UTF-16");
  write_file(path, "\xEF\xBB\xBF");
  expect_failure(run({"speak", "--file", path}), 2, "text must not be blank");
  std::filesystem::remove(path);
}

TEST(Output, ThatIsLostIsAnError) {
  for (const char* arguments : {"--help", "--version", "speak --help", "speak --list-languages"}) {
    const std::string shell = std::string(CHATTERBOX_CLI) + " " + arguments + " > /dev/full";
    const Outcome outcome = run_program({"/bin/sh", "-c", shell});
    EXPECT_EQ(outcome.exit_code, 1) << arguments;
    EXPECT_THAT(outcome.err, HasSubstr("cannot write to standard output")) << arguments;
  }
}

TEST(Files, ThatAreMissingAreNamed) {
  expect_error(run({"voice", "make", "/nowhere/a.wav", "-o", "-"}), 1, "/nowhere/a.wav");
  expect_error(run({"voice", "info", "/nowhere/a.voice"}), 1, "/nowhere/a.voice");
  expect_error(run({"info", "/nowhere/model"}), 1, "/nowhere/model");
  expect_error(run({"speak", "Hi.", "--model", "/nowhere/model"}), 1, "/nowhere/model");
}

TEST(Files, AVoiceThatIsNoneIsNamed) {
  const std::string path = ::testing::TempDir() + "chatterbox_cli_not_a.voice";
  write_file(path, "this is not a voice");
  expect_error(run({"voice", "info", path}), 1, path);
  std::filesystem::remove(path);
}

TEST(Help, NamesDefaultsRangesAndUnits) {
  const Outcome outcome = run({"speak", "--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  for (const char* option : {"--model",          "--voice",
                             "--output",         "--seed",
                             "--cfg-weight",     "--exaggeration",
                             "--temperature",    "--min-p",
                             "--top-p",          "--repetition-penalty",
                             "--max-new-tokens", "--cfm-steps",
                             "--top-k",          "--language",
                             "--family",         "--watermark",
                             "--file",           "--save-voice",
                             "--list-languages", "--device",
                             "--precision",      "--threads",
                             "--json",           "--dump",
                             "--format",         "--weights",
                             "--memory-limit",   "--deterministic",
                             "--t3-precision",   "--s3gen-precision",
                             "--kv-cache"}) {
    EXPECT_THAT(outcome.out, HasSubstr(option));
  }
  EXPECT_THAT(outcome.out, HasSubstr("(0 or in [0.05, 5], default: 0.8; Flash: 0.6)"));
  EXPECT_THAT(outcome.out, HasSubstr("(above 0, up to 1, default: 1; Turbo, Nano: 0.95)"));
  EXPECT_THAT(outcome.out,
              HasSubstr("25 make a second (in [1, 4096], default: 1000; Flash: by the text)"));
  EXPECT_THAT(
      outcome.out,
      HasSubstr(
          "this machine (default: fp32 on a CPU, bf16 on CUDA, int8 for a quantised folder)"));
  EXPECT_THAT(outcome.out, HasSubstr("(in [1, 1024], default: one for each physical core"));
}

TEST(Help, OfEveryCommand) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"--help"},
                                                  {"batch", "--help"},
                                                  {"convert", "--help"},
                                                  {"watermark", "--help"},
                                                  {"voice", "--help"},
                                                  {"voice", "make", "--help"},
                                                  {"voice", "info", "--help"},
                                                  {"info", "--help"}}) {
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_THAT(outcome.out, HasSubstr("Usage"));
  }
}

TEST(Version, IsOneLine) {
  const Outcome outcome = run({"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "chatterbox " CHATTERBOX_VERSION "\n");
}

}  // namespace
}  // namespace chatterbox::test
