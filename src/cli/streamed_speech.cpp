#include "cli/streamed_speech.h"

#include "cli/input_feeder.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/running_job.h"

namespace chatterbox::cli {
namespace {

// Writes the samples as they come, those that are final at an interrupt included. Where they cannot
// be written, as nobody reads the pipe any more, the job ends too.
Result write_chunks(const Job& job, const AudioOutput& output, SpeechLine& line) {
  const JobGuard guard(job);
  try {
    AudioWriter writer = make_writer(output);
    Chunk chunk;
    for (Status status = Status::kTimeout; status != Status::kEndOfStream;) {
      status = job.next(kPollInterval, chunk);  // throws what ended the job
      if (status == Status::kOk) {
        writer.write(chunk.samples);
        line.wrote(static_cast<double>(chunk.samples.size()) / chunk.sample_rate);
      }
      line.draw();
      if (interrupted()) job.cancel();
    }
    writer.finish();
    return job.wait();
  } catch (const Error& error) {
    rethrow_as_interrupt(error);
  }
}

}  // namespace

Result speak_streamed(const ChatterboxEngine& engine, const Request& request, bool is_long,
                      const AudioOutput& output) {
  SpeechLine line(request.stream == StreamMode::kChunks);
  if (!is_long) return write_chunks(engine.submit(request), output, line);
  LongTextOptions options;
  if (line.enabled()) options.on_piece = [&line](const Piece& piece) { line.update(piece); };
  return write_chunks(engine.submit_long(request, options), output, line);
}

Result speak_input(const ChatterboxEngine& engine, Request& request, const AudioOutput& output) {
  SpeechLine line(true);
  const Job job = engine.open(request);
  InputFeeder feeder(job);
  try {
    Result result = write_chunks(job, output, line);
    request.text = feeder.text();
    return result;
  } catch (const Error&) {
    feeder.rethrow();
    throw;
  }
}

Result speak_streamed(const ChatterboxEngine& engine, const Conversion& conversion,
                      const AudioOutput& output) {
  SpeechLine line(true);
  return write_chunks(engine.submit(conversion), output, line);
}

}  // namespace chatterbox::cli
