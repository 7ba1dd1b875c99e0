#include "cli/interrupt.h"

#include <csignal>

namespace chatterbox::cli {
namespace {

volatile std::sig_atomic_t caught = 0;  // the signal's number

extern "C" void on_interrupt(int signal) { caught = signal; }

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

}  // namespace chatterbox::cli
