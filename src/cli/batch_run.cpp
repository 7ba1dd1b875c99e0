#include "cli/batch_run.h"

#include <cstddef>
#include <cstdio>
#include <iostream>
#include <utility>

#include "cli/files.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/printable.h"
#include "cli/running_job.h"
#include "cli/statistics.h"
#include "cli/voice_file.h"
#include "cli/words_file.h"

namespace chatterbox::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::chrono::milliseconds kNoWait{0};
constexpr size_t kBarWidth = 20;
constexpr size_t kMaxNamed = 10;  // ids in one message

std::string name_of(const RequestLine& line) {
  return "line " + std::to_string(line.number) + (line.id.empty() ? "" : " (" + line.id + ")");
}

ordered_json head_of(const RequestLine& line) {
  return {{"id", line.id.empty() ? ordered_json(nullptr) : ordered_json(line.id)},
          {"line", line.number}};
}

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[128];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

}  // namespace

BatchRun::BatchRun(const ChatterboxEngine& engine, BatchOutputs outputs, VoiceOptions voice)
    : engine_(engine), outputs_(std::move(outputs)), voice_options_(std::move(voice)) {
  if (outputs_.json == "-") return;
  json_file_.open(outputs_.json, std::ios::binary);
  if (!json_file_) throw Error(Status::kIo, outputs_.json + ": cannot be written");
}

// After an exception: what is in flight calls back.
BatchRun::~BatchRun() {
  for (const Flight& flight : in_flight_) flight.job.cancel();
  for (const Flight& flight : in_flight_) end(flight.job);
}

bool BatchRun::run(const std::vector<RequestLine>& lines) {
  requests_ = lines.size();
  auto next = lines.begin();
  while (!interrupted() && (next != lines.end() || !in_flight_.empty())) {
    draw();
    if (next != lines.end() && submit(*next)) ++next;
    finish_what_is_done(next == lines.end() ? kPollInterval : kNoWait);
  }
  if (interrupted()) {
    cancel_the_rest();
    for (; next != lines.end(); ++next) {
      fail(*next, Error(Status::kCancelled, "not started: interrupted"));
    }
  }
  summarise();
  if (interrupted()) throw Interrupted();
  return failed_ == 0;
}

// False: there is no room in the queue yet.
bool BatchRun::submit(const RequestLine& line) {
  try {
    if (line.error) throw *line.error;
    const auto dump = outputs_.dump.empty() ? nullptr : std::make_shared<TensorDump>();
    in_flight_.push_back({&line, engine_.submit(complete(line, dump)), dump});
  } catch (const Error& error) {
    if (error.status() == Status::kBusy) return false;
    fail(line, error);
  }
  return true;
}

Request BatchRun::complete(const RequestLine& line, const std::shared_ptr<TensorDump>& dump) {
  Request request = line.request;
  request.wait_for_room = kPollInterval;
  if (!line.voice.empty()) request.voice = voice(line.voice);
  if (dump) request.on_tensor = [dump](const TensorView& view) { dump->add(view); };
  if (terminal_.enabled()) {
    request.on_progress = [this](const Progress& progress) {
      if (progress.stage == Stage::kDecode) ++tokens_so_far_;
    };
  }
  return request;
}

// Read, or made, once for all lines that name it.
const Voice& BatchRun::voice(const std::string& path) {
  auto found = voices_.find(path);
  if (found == voices_.end()) {
    try {
      found = voices_.emplace(path, open_voice(engine_, path, voice_options_)).first;
    } catch (const Error& error) {
      found = voices_.emplace(path, error).first;
    }
  }
  if (const auto* error = std::get_if<Error>(&found->second)) throw *error;
  return std::get<Voice>(found->second);
}

// Waits so long at most for one that is done.
void BatchRun::finish_what_is_done(std::chrono::milliseconds wait) {
  std::vector<Job> jobs;
  for (const Flight& flight : in_flight_) jobs.push_back(flight.job);
  while (!jobs.empty()) {
    const std::optional<size_t> done = wait_any(jobs, std::exchange(wait, kNoWait));
    if (!done) return;
    const auto index = static_cast<std::ptrdiff_t>(*done);
    finish(in_flight_[*done]);
    in_flight_.erase(in_flight_.begin() + index);
    jobs.erase(jobs.begin() + index);
  }
}

// Writes what became of a job that is done.
void BatchRun::finish(const Flight& flight) {
  ordered_json json = head_of(*flight.line);
  try {
    const Result result = flight.job.wait();
    save(flight, result);
    json.update(statistics(result));
  } catch (const Error& error) {
    return fail(*flight.line, error);
  }
  ++spoken_;
  tokens_ += json.at("speech_tokens").get<int64_t>();
  audio_seconds_ += json.at("audio_seconds").get<double>();
  write(json);
}

void BatchRun::save(const Flight& flight, const Result& result) {
  const std::string& id = flight.line->id;
  write_audio(outputs_.folder + "/" + id + "." + outputs_.format, result,
              format_names().at(outputs_.format));
  if (flight.line->request.word_times && !outputs_.words.empty()) {
    write_words(outputs_.folder + "/" + id + "." + outputs_.words, flight.line->request.text,
                result);
  }
  if (!flight.dump) return;
  flight.dump->write(outputs_.dump + "/" + id + ".safetensors",
                     {{"seed", std::to_string(result.stats().seed)}});
}

// What is done by now is kept.
void BatchRun::cancel_the_rest() {
  finish_what_is_done(kNoWait);
  for (const Flight& flight : in_flight_) flight.job.cancel();
  for (const Flight& flight : in_flight_) finish(flight);
  in_flight_.clear();
}

void BatchRun::fail(const RequestLine& line, const Error& error) {
  ordered_json json = head_of(line);
  json["error"] = {{"status", chatterbox_status_string(static_cast<int32_t>(error.status()))},
                   {"message", error.what()}};
  write(json);
  if (error.status() == Status::kCancelled) {
    not_spoken_.push_back(line.id.empty() ? name_of(line) : line.id);
    return;
  }
  ++failed_;
  terminal_.clear();
  std::cerr << "chatterbox: error: " << name_of(line) << ": " << printable(error.what())
            << std::endl;
}

void BatchRun::write(const ordered_json& json) {
  if (outputs_.json == "-") return write_text("-", to_line(json) + "\n");
  json_file_ << to_line(json) << std::endl;
  if (!json_file_) throw Error(Status::kIo, outputs_.json + ": cannot be written");
}

void BatchRun::summarise() {
  const double seconds = elapsed();
  write({{"summary",
          {{"requests", requests_},
           {"spoken", spoken_},
           {"failed", failed_},
           {"not_spoken", not_spoken_.size()},
           {"seconds", seconds},
           {"audio_seconds", audio_seconds_},
           {"speech_tokens", tokens_},
           {"rtf",
            audio_seconds_ > 0 ? ordered_json(seconds / audio_seconds_) : ordered_json(nullptr)},
           {"engine", statistics(engine_.info())},
           {"limits", statistics(engine_.limits())},
           {"metrics", statistics(engine_.metrics())},
           {"peak_rss_mib", peak_rss_mib()}}}});
  terminal_.clear();
  if (!interrupted()) return;
  std::string names;
  for (size_t i = 0; i < not_spoken_.size() && i < kMaxNamed; ++i) {
    names += (i > 0 ? ", " : ": ") + not_spoken_[i];
  }
  if (not_spoken_.size() > kMaxNamed) names += ", ...";
  std::cerr << "chatterbox: " << spoken_ << " of " << requests_ << " requests were spoken, "
            << not_spoken_.size() << " were not" << names << std::endl;
}

void BatchRun::draw() {
  if (!terminal_.enabled() || requests_ == 0) return;
  const size_t done = spoken_ + failed_;
  const size_t filled = kBarWidth * done / requests_;
  std::string line = "[" + std::string(filled, '#') + std::string(kBarWidth - filled, '.') + "] " +
                     std::to_string(done) + "/" + std::to_string(requests_) + " requests, " +
                     format("%.0f tokens/s", static_cast<double>(tokens_so_far_) / elapsed());
  if (audio_seconds_ > 0) line += format(", RTF %.2f", elapsed() / audio_seconds_);
  terminal_.draw(line);
}

double BatchRun::elapsed() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

}  // namespace chatterbox::cli
