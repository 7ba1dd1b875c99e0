// Speech that goes somewhere while it is being made.
#include "checkpoint/safetensors.h"
#include "cli/cli_test.h"

namespace chatterbox::test {
namespace {

using ::testing::HasSubstr;

using Streams = CliTest;

TEST_F(Streams, RawSamplesAreThoseOfAWavWithoutItsHeader) {
  ASSERT_EQ(run(quick("Hello.", {"--seed", "1", "-o", path("a.wav")})).exit_code, 0);
  const std::string samples = read_file(path("a.wav")).substr(44);
  const Outcome piped = run(quick("Hello.", {"--seed", "1", "-o", "-", "--format", "pcm"}));
  ASSERT_EQ(piped.exit_code, 0) << piped.err;
  EXPECT_TRUE(piped.out == samples);
  ASSERT_EQ(run(quick("Hello.", {"--seed", "1", "-o", path("a.pcm")})).exit_code, 0);
  EXPECT_TRUE(read_file(path("a.pcm")) == samples);
  expect_failure(run(quick("Hello.", {"-o", path("no/such/folder.pcm")})), 1, "no/such");
}

// As with head, which has what it wants and goes.
TEST_F(Streams, ABrokenPipeEndsTheSpeech) {
  write_file(path("text.txt"), long_text(40));
  std::string line = CHATTERBOX_CLI " speak --max-new-tokens 60 --cfm-steps 2 -o - --model '" +
                     synthetic_model() + "' -f '" + path("text.txt") + "'";
  line = "(" + line + "; echo $? > '" + path("code") + "') | head -c 1000 | wc -c";
  const Outcome outcome = run_program({"/bin/sh", "-c", line});
  EXPECT_THAT(outcome.out, HasSubstr("1000"));
  EXPECT_EQ(read_file(path("code")), "1\n");
  EXPECT_THAT(outcome.err, HasSubstr("chatterbox: error: "));
}

TEST_F(Streams, OptionsBelongToAStream) {
  for (const char* option : {"--chunks", "--left-tokens", "--right-tokens"}) {
    expect_failure(run(quick("Hello.", {option, "10"})), 2, "--stream");
  }
  expect_failure(run(quick("Hello.", {"--stream", "--chunks", "12,5"})), 2, "6");
  expect_failure(run(quick("Hello.", {"--stream", "--right-tokens", "14"})), 2, "13");
  expect_failure(run(quick("Hello.", {"--stream", "--halo", "none"})), 2, "none");
  expect_failure(run(quick("Hello.", {"--stream", "--noise", "reference"})), 2, "by frame");
}

TEST_F(Streams, TheTensorsOfAChunkHaveItsNumber) {
  const Outcome outcome =
      run(quick("Hello.", {"--stream", "--seed", "1", "--chunks", "6", "--watermark", "off", "-o",
                           path("a.wav"), "--dump", path("a.safetensors")}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto file = checkpoint::open_safetensors(path("a.safetensors"));
  const auto frames_of = [&](const std::string& name, size_t axis) {
    int64_t chunks = 0, frames = 0;
    while (const auto* tensor = file->find(name + std::to_string(chunks))) {
      frames += tensor->shape[axis];
      ++chunks;
    }
    EXPECT_GE(chunks, 2) << name;
    return frames;
  };
  const auto samples = static_cast<int64_t>((read_file(path("a.wav")).size() - 44) / 2);
  EXPECT_EQ(480 * frames_of("s3gen.mel", 1), samples);
  EXPECT_EQ(480 * frames_of("s3gen.f0", 0), samples);
  EXPECT_EQ(file->find("s3gen.mel"), nullptr);
}

}  // namespace
}  // namespace chatterbox::test
