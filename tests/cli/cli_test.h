// What the tests of the program share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chatterbox/chatterbox.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/program.h"
#include "support/temporary_folder.h"
#include "support/wave.h"

namespace chatterbox::test {

using testing::wave_of;

inline const char* const kRecording = CHATTERBOX_TEST_DATA "/data/espeak_m3.wav";

// The folder of a tiny model of made-up weights, whose sound is noise; made once.
[[nodiscard]] const std::string& synthetic_model();

[[nodiscard]] std::vector<std::string> command(std::vector<std::string> arguments);
[[nodiscard]] Outcome run(std::vector<std::string> arguments, const std::string& input = {});
// speak with the synthetic model: a short piece of speech, in two Euler steps, where the options do
// not say otherwise.
[[nodiscard]] std::vector<std::string> quick(const std::string& text,
                                             const std::vector<std::string>& options);
// A text of several pieces, with a pause in it.
[[nodiscard]] std::string long_text(int sentences = 6);

// Exactly one line says what is wrong, and contains `text`; one before it may be about the model.
void expect_failure(const Outcome& outcome, int exit_code, const std::string& text);

[[nodiscard]] std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& bytes);
[[nodiscard]] nlohmann::json read_json(const std::string& path);

// A folder of its own for each test.
class CliTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.file(name); }

 private:
  testing::TemporaryFolder folder_;
};

}  // namespace chatterbox::test
