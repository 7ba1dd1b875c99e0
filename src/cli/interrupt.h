// Ctrl-C and SIGTERM: the first one asks for an orderly end, a second one ends the program at once,
// and so does the first where nothing has begun that has an end in order.
#pragma once

#include <chatterbox/chatterbox.hpp>
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
// Throws Interrupted where that is why something was cancelled, the error itself otherwise.
[[noreturn]] void rethrow_as_interrupt(const Error& error);

// While it lives, a signal ends the program at once: for what cannot be asked to stop, and is to
// leave nothing behind, such as reading a recording or loading a model. Throws where one came
// before.
class EndsAtOnce {
 public:
  EndsAtOnce();
  ~EndsAtOnce();
  EndsAtOnce(const EndsAtOnce&) = delete;
  EndsAtOnce& operator=(const EndsAtOnce&) = delete;
};

// The result of `call`, within one.
template <class Call>
[[nodiscard]] auto ending_at_once(const Call& call) {
  const EndsAtOnce at_once;
  return call();
}

}  // namespace chatterbox::cli
