#include "cli/program.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <stdexcept>

namespace chatterbox::test {
namespace {

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  return {ends[0], ends[1]};
}

[[noreturn]] void execute(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

int exit_code(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// False at the end of what the other side writes (a terminal says EIO).
bool read_some(int file, std::string& text) {
  char buffer[4096];
  const ssize_t count = read(file, buffer, sizeof buffer);
  if (count > 0) text.append(buffer, static_cast<size_t>(count));
  return count > 0 || (count < 0 && errno == EINTR);
}

}  // namespace

Outcome run_program(const std::vector<std::string>& command, const std::string& input) {
  const Pipe in = make_pipe();
  const Pipe out = make_pipe();
  const Pipe err = make_pipe();
  const pid_t child = fork();
  if (child == 0) {
    dup2(in.read, STDIN_FILENO);
    dup2(out.write, STDOUT_FILENO);
    dup2(err.write, STDERR_FILENO);
    execute(command);
  }
  close(in.read);
  close(out.write);
  close(err.write);
  // Inputs here are smaller than a pipe's buffer, and a program that does not read them is no
  // error.
  const auto old_handler = std::signal(SIGPIPE, SIG_IGN);
  const ssize_t written = write(in.write, input.data(), input.size());
  std::signal(SIGPIPE, old_handler);
  if (written < 0 && errno != EPIPE) throw std::runtime_error("write failed");
  close(in.write);

  Outcome outcome;
  pollfd files[2] = {{out.read, POLLIN, 0}, {err.read, POLLIN, 0}};
  std::string* const texts[2] = {&outcome.out, &outcome.err};
  for (int open = 2; open > 0;) {
    if (poll(files, 2, -1) < 0) continue;
    for (int i = 0; i < 2; ++i) {
      if (files[i].revents == 0 || read_some(files[i].fd, *texts[i])) continue;
      close(files[i].fd);
      files[i].fd = -1;
      --open;
    }
  }
  outcome.exit_code = exit_code(child);
  return outcome;
}

Outcome run_on_terminal(const std::vector<std::string>& command, const std::string& interrupt_at,
                        int signal) {
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) execute(command);
  Outcome outcome;
  bool sent = interrupt_at.empty();
  while (read_some(terminal, outcome.out)) {
    if (sent || outcome.out.find(interrupt_at) == std::string::npos) continue;
    kill(child, signal);
    sent = true;
  }
  close(terminal);
  outcome.exit_code = exit_code(child);
  return outcome;
}

}  // namespace chatterbox::test
