#include "cli/streamed_speech.h"

#include <optional>

#include "cli/input_feeder.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/running_job.h"

namespace chatterbox::cli {
namespace {

// Where the samples go.
class Sink {
 public:
  Sink(const AudioOutput& output, Player* player) : player_(player) {
    if (!output.path.empty()) writer_.emplace(make_writer(output));
  }
  void write(Samples samples) {
    if (writer_) writer_->write(samples);
    if (player_ != nullptr) player_->play(samples);
  }
  // Waits for a listener, who is heard out.
  void finish(SpeechLine& line) {
    if (writer_) writer_->finish();
    if (player_ == nullptr) return;
    player_->finish();
    while (!player_->wait_until_heard(kPollInterval)) {
      line.draw();
      throw_if_interrupted();
    }
  }

 private:
  std::optional<AudioWriter> writer_;
  Player* const player_;
};

// Writes the samples as they come, those that are final at an interrupt included. Where they cannot
// be written, as nobody reads the pipe any more, the job ends too.
Result write_chunks(const Job& job, Sink sink, SpeechLine& line) {
  const JobGuard guard(job);
  try {
    Chunk chunk;
    for (Status status = Status::kTimeout; status != Status::kEndOfStream;) {
      status = job.next(kPollInterval, chunk);  // throws what ended the job
      if (status == Status::kOk) {
        sink.write(chunk.samples);
        line.wrote(static_cast<double>(chunk.samples.size()) / chunk.sample_rate);
      }
      line.draw();
      if (interrupted()) job.cancel();
    }
    sink.finish(line);
    return job.wait();
  } catch (const Error& error) {
    rethrow_as_interrupt(error);
  }
}

}  // namespace

Result speak_streamed(const ChatterboxEngine& engine, const Request& request, bool is_long,
                      const AudioOutput& output, Player* player) {
  SpeechLine line(player != nullptr || request.stream == StreamMode::kChunks);
  if (!is_long) return write_chunks(engine.submit(request), {output, player}, line);
  LongTextOptions options;
  if (line.enabled()) options.on_piece = [&line](const Piece& piece) { line.update(piece); };
  return write_chunks(engine.submit_long(request, options), {output, player}, line);
}

Result speak_input(const ChatterboxEngine& engine, Request& request, const AudioOutput& output,
                   Player* player) {
  SpeechLine line(true);
  const Job job = engine.open(request);
  InputFeeder feeder(job);
  try {
    Result result = write_chunks(job, {output, player}, line);
    request.text = feeder.text();
    return result;
  } catch (const Error&) {
    feeder.rethrow();
    throw;
  }
}

Result speak_streamed(const ChatterboxEngine& engine, const Conversion& conversion,
                      const AudioOutput& output, Player* player) {
  SpeechLine line(true);
  return write_chunks(engine.submit(conversion), {output, player}, line);
}

}  // namespace chatterbox::cli
