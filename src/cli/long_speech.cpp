#include "cli/long_speech.h"

#include <algorithm>
#include <string_view>

#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/running_job.h"

namespace chatterbox::cli {
namespace {

// A token of Turbo and Nano is most of a word, of the others two or three letters. Some tokenizers
// take a long run of spaces for one token, so bytes are counted, too.
constexpr int64_t kMaxWords = 80;
constexpr int64_t kMaxLetters = 160;
constexpr size_t kMaxBytes = 1000;

// Marks of pauses are such in any case of their letters.
bool has_pause(const std::string& text) {
  constexpr std::string_view kMark = "[pause:";
  const auto equal = [](char c, char lower) {
    return (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) == lower;
  };
  return std::search(text.begin(), text.end(), kMark.begin(), kMark.end(), equal) != text.end();
}

// Writes the samples as they come, those that are final at an interrupt included.
Result write_chunks(const Job& job, const AudioOutput& output, PiecesLine& line) {
  AudioWriter writer = make_writer(output);
  double seconds = 0;
  Chunk chunk;
  for (Status status = Status::kTimeout; status != Status::kEndOfStream;) {
    status = job.next(kPollInterval, chunk);  // throws what ended the job
    if (status == Status::kOk) {
      writer.write(chunk.samples);
      seconds += static_cast<double>(chunk.samples.size()) / chunk.sample_rate;
    }
    line.draw(seconds);
    if (interrupted()) job.cancel();
  }
  writer.finish();
  return job.wait();
}

}  // namespace

bool fits_one_request(const ChatterboxEngine& engine, const Request& request) {
  if (request.text.size() > kMaxBytes || has_pause(request.text)) return false;
  const std::string_view family = engine.info().family;
  const int64_t most = family == "turbo" || family == "nano" ? kMaxWords : kMaxLetters;
  return engine.count_tokens(request.text, request.language, request.text_tags) <= most;
}

Result speak_long(const ChatterboxEngine& engine, Request request, const AudioOutput& output) {
  PiecesLine line;
  LongTextOptions options;
  if (line.enabled()) options.on_piece = [&line](const Piece& piece) { line.update(piece); };
  request.stream = StreamMode::kPieces;
  const Job job = engine.submit_long(request, options);
  const JobGuard guard(job);
  try {
    return write_chunks(job, output, line);
  } catch (const Error& error) {
    rethrow_as_interrupt(error);
  }
}

}  // namespace chatterbox::cli
