// Runs a program and collects what it said.
#pragma once

#include <csignal>
#include <string>
#include <vector>

namespace chatterbox::test {

struct Outcome {
  int exit_code = -1;  // 128 + the signal's number where one ended it
  std::string out;
  std::string err;
};

// With `input` on standard input; out and err are pipes, as for a script.
[[nodiscard]] Outcome run_program(const std::vector<std::string>& command,
                                  const std::string& input = {});
// Sends the signal when `interrupt_at` was seen on stderr, which is a terminal here (and so is in
// `out`).
[[nodiscard]] Outcome run_on_terminal(const std::vector<std::string>& command,
                                      const std::string& interrupt_at = {}, int signal = SIGINT);

}  // namespace chatterbox::test
