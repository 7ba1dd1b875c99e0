// Speech that is played, on a sound device of the tests' own (fake_asound.c).
#include <cstdint>
#include <cstring>
#include <filesystem>

#include "cli/cli_test.h"

namespace chatterbox::test {
namespace {

class Play : public CliTest {
 protected:
  // speak --play with ALSA's library from a folder, by a shell.
  [[nodiscard]] Outcome play(const std::string& options, const std::string& device) const {
    std::string line = "LD_LIBRARY_PATH='" CHATTERBOX_FAKE_ASOUND "' " + device + " exec ";
    for (const std::string& word : command(quick("Hello.", {"--seed", "1", "--play"}))) {
      line += "'" + word + "' ";
    }
    return run_program({"/bin/sh", "-c", "cd '" + path("") + "' && " + line + options});
  }
  [[nodiscard]] std::string to(const std::string& name) const {
    return "FAKE_SOUND='" + path(name) + "'";
  }
};

TEST_F(Play, WhatIsHeardIsWhatIsWritten) {
  for (const std::string stream : {"", "--stream --chunks 12"}) {
    const Outcome outcome = play(stream + " -o a.wav", to("heard.f32"));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const std::string heard = read_file(path("heard.f32"));
    const std::string written = read_file(path("a.wav")).substr(44);  // after the header
    ASSERT_GT(heard.size(), 0U);
    ASSERT_EQ(heard.size(), 2 * written.size());
    for (size_t i = 0; i < written.size() / 2; ++i) {
      float sample = 0;
      int16_t rounded = 0;
      std::memcpy(&sample, heard.data() + 4 * i, sizeof sample);
      std::memcpy(&rounded, written.data() + 2 * i, sizeof rounded);
      ASSERT_NEAR(sample, rounded / 32768.0, 1e-4) << i;
    }
  }
}

TEST_F(Play, WithoutOutputNothingIsWritten) {
  const Outcome outcome = play("", to("heard.f32"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_GT(read_file(path("heard.f32")).size(), 0U);
  EXPECT_FALSE(std::filesystem::exists(path("speech.wav")));
}

TEST_F(Play, ADeviceThatDoesNotOpenIsAnError) {
  const Outcome outcome = play("", "");
  expect_failure(outcome, 1, "--play: no sound device opens: nothing plays here");
}

}  // namespace
}  // namespace chatterbox::test
