// Speaks the lines of a file of requests.
#pragma once

#include <atomic>
#include <chatterbox/chatterbox.hpp>
#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/dump.h"
#include "cli/progress.h"
#include "cli/request_lines.h"

namespace chatterbox::cli {

// Where the outputs go.
struct BatchOutputs {
  std::string folder = "speech";  // ID.wav each, or with the ending of another format
  std::string format = "wav";     // of format_names()
  std::string words;              // ending of the files of words, ID.srt each; empty: none
  std::string json = "-";         // statistics, a line each
  std::string dump;               // a folder, ID.safetensors each; empty: none
};

class BatchRun {
 public:
  // `voice`: for recordings that requests name.
  BatchRun(const ChatterboxEngine& engine, BatchOutputs outputs, VoiceOptions voice);
  ~BatchRun();
  BatchRun(const BatchRun&) = delete;
  BatchRun& operator=(const BatchRun&) = delete;

  // Whether all were spoken. Throws Interrupted after an interrupt, once what was done is written
  // and what was not is told; kIo where the statistics cannot be written.
  [[nodiscard]] bool run(const std::vector<RequestLine>& lines);

 private:
  struct Flight {
    const RequestLine* line;
    Job job;
    std::shared_ptr<TensorDump> dump;
  };
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool submit(const RequestLine& line);
  [[nodiscard]] Request complete(const RequestLine& line, const std::shared_ptr<TensorDump>& dump);
  [[nodiscard]] const Voice& voice(const std::string& path);
  void finish_what_is_done(std::chrono::milliseconds wait);
  void finish(const Flight& flight);
  void save(const Flight& flight, const Result& result);
  void cancel_the_rest();
  void fail(const RequestLine& line, const Error& error);
  void write(const nlohmann::ordered_json& json);
  void summarise();
  void draw();
  [[nodiscard]] double elapsed() const;

  const ChatterboxEngine& engine_;
  const BatchOutputs outputs_;
  const VoiceOptions voice_options_;
  const Clock::time_point start_ = Clock::now();
  std::ofstream json_file_;
  std::map<std::string, std::variant<Voice, Error>> voices_;
  std::vector<Flight> in_flight_;
  size_t requests_ = 0, spoken_ = 0, failed_ = 0;
  std::vector<std::string> not_spoken_;  // after an interrupt
  double audio_seconds_ = 0;
  int64_t tokens_ = 0;                     // of what was spoken
  std::atomic<int64_t> tokens_so_far_{0};  // counted by the engine's thread
  TerminalLine terminal_;
};

}  // namespace chatterbox::cli
