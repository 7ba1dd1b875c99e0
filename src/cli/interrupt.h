// Ctrl-C: the first one asks for an orderly end, a second one ends the program at once.
#pragma once

#include <exception>

namespace chatterbox::cli {

void catch_interrupts();
[[nodiscard]] bool interrupted() noexcept;

// Thrown where an interrupt was noticed; main() turns it into exit code 130, as shells expect.
struct Interrupted : std::exception {
  [[nodiscard]] const char* what() const noexcept override { return "interrupted"; }
};

void throw_if_interrupted();

}  // namespace chatterbox::cli
