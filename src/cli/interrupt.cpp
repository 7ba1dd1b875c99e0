#include "cli/interrupt.h"

#include <unistd.h>

#include <csignal>
#include <string_view>

namespace chatterbox::cli {
namespace {

// A signal's handler knows no other places. NOLINTBEGIN(*-non-const-global-variables)
volatile std::sig_atomic_t caught = 0;  // the signal's number
volatile std::sig_atomic_t at_once = 0;
// NOLINTEND(*-non-const-global-variables)

extern "C" void on_interrupt(int signal) {
  caught = signal;
  if (at_once == 0) return;
  constexpr std::string_view kMessage = "chatterbox: error: interrupted\n";
  const ssize_t written = write(STDERR_FILENO, kMessage.data(), kMessage.size());
  static_cast<void>(written);
  raise(signal);  // its default is back, and comes when this returns
}

}  // namespace

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // Where nobody reads a pipe any more, writing to it fails, and the job ends in order.
  std::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() noexcept { return caught != 0; }

int interrupt_exit_code() noexcept {
  constexpr int kBySignal = 128;  // as shells say it
  return kBySignal + caught;
}

void throw_if_interrupted() {
  if (interrupted()) throw Interrupted();
}

void rethrow_as_interrupt(const Error& error) {
  if (error.status() == Status::kCancelled && interrupted()) throw Interrupted();
  throw error;
}

EndsAtOnce::EndsAtOnce() {
  at_once = 1;
  if (!interrupted()) return;
  at_once = 0;
  throw Interrupted();
}

EndsAtOnce::~EndsAtOnce() { at_once = 0; }

}  // namespace chatterbox::cli
