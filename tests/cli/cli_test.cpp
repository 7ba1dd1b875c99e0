#include "cli/cli_test.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "support/synthetic_folder.h"

namespace chatterbox::test {
namespace {

std::string last_line(std::string text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);  // npos + 1 is 0
}

}  // namespace

const std::string& synthetic_model() { return testing::synthetic_folder(); }

std::vector<std::string> command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), CHATTERBOX_CLI);
  return arguments;
}

Outcome run(std::vector<std::string> arguments, const std::string& input) {
  return run_program(command(std::move(arguments)), input);
}

std::vector<std::string> quick(const std::string& text, const std::vector<std::string>& options) {
  std::vector<std::string> arguments = {"speak", text};
  const std::pair<const char*, std::string> usual[] = {
      {"--model", synthetic_model()}, {"--max-new-tokens", "20"}, {"--cfm-steps", "2"}};
  for (const auto& [option, value] : usual) {
    if (std::find(options.begin(), options.end(), option) != options.end()) continue;
    arguments.insert(arguments.end(), {option, value});
  }
  arguments.insert(arguments.end(), options.begin(), options.end());
  return arguments;
}

std::string long_text(int sentences) {
  std::string text;
  for (int i = 0; i < sentences; ++i) {
    text += "This is one of several sentences that together are longer than a request may be. ";
  }
  return text + "[pause:300ms] And one behind a pause.";
}

void expect_failure(const Outcome& outcome, int exit_code, const std::string& text) {
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(last_line(outcome.err), ::testing::StartsWith("chatterbox: error: "));
  EXPECT_THAT(last_line(outcome.err), ::testing::HasSubstr(text));
  EXPECT_LE(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 2) << outcome.err;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

nlohmann::json read_json(const std::string& path) { return nlohmann::json::parse(read_file(path)); }

}  // namespace chatterbox::test
