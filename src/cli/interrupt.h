// Ctrl-C and SIGTERM: the first one asks for an orderly end, a second one ends the program at once.
#pragma once

#include <exception>

namespace chatterbox::cli {

void catch_interrupts();
[[nodiscard]] bool interrupted() noexcept;
[[nodiscard]] int interrupt_exit_code() noexcept;  // 130 for SIGINT, 143 for SIGTERM

// Thrown where an interrupt was noticed.
struct Interrupted : std::exception {
  [[nodiscard]] const char* what() const noexcept override { return "interrupted"; }
};

void throw_if_interrupted();

}  // namespace chatterbox::cli
