#include "audio/writer.h"

#include <fcntl.h>

#include <utility>

#include "support/error.h"
#include "support/file_io.h"

namespace chatterbox::audio {
namespace {

class FileOutput final : public Output {
 public:
  explicit FileOutput(const std::string& path)
      : file_(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), path),
        rewrites_(file_.is_regular()) {}

  void append(std::string_view bytes) override { file_.append(bytes); }
  [[nodiscard]] bool rewrites() const override { return rewrites_; }
  void rewrite(size_t offset, std::string_view bytes) override { file_.write_at(offset, bytes); }
  void close() override { file_.close(); }

 private:
  OutputFile file_;
  const bool rewrites_;
};

class SinkOutput final : public Output {
 public:
  explicit SinkOutput(ByteSink sink) : sink_(std::move(sink)) {}

  void append(std::string_view bytes) override {
    if (!sink_(bytes.data(), bytes.size())) {
      fail(Status::kIo, "audio cannot be written: its receiver did not take {} bytes",
           bytes.size());
    }
  }
  [[nodiscard]] bool rewrites() const override { return false; }
  void rewrite(size_t /*offset*/, std::string_view /*bytes*/) override {}

 private:
  const ByteSink sink_;
};

}  // namespace

AudioWriter::AudioWriter(const std::string& path, int32_t sample_rate, int32_t channels,
                         AudioFormat format)
    : shape_{format == AudioFormat::kAuto ? format_of(path) : format, sample_rate, channels},
      open_([path] { return std::make_unique<FileOutput>(path); }) {
  check_encodable(shape_);
}

AudioWriter::AudioWriter(ByteSink sink, int32_t sample_rate, int32_t channels, AudioFormat format)
    : shape_{format, sample_rate, channels},
      open_([sink = std::move(sink)] { return std::make_unique<SinkOutput>(sink); }) {
  check_encodable(shape_);
}

AudioWriter::~AudioWriter() {
  try {
    finish();
  } catch (...) {
    // Whoever wants to know calls finish().
  }
}

void AudioWriter::write(const float* samples, size_t frames) {
  if (finished_) fail(Status::kInvalidArgument, "audio cannot be written after its end");
  check_whole();
  if (frames == 0) return;
  // Before the samples are touched: a wrong count must not make us read beyond them.
  if (frames > max_frames(shape_.channels)) {
    fail(Status::kInvalidArgument, "{} frames of {} channels do not fit into a file", frames,
         shape_.channels);
  }
  const size_t count = frames * static_cast<size_t>(shape_.channels);
  check_numbers(samples, count, frames_ * static_cast<size_t>(shape_.channels));
  is_broken_ = true;  // until all is well
  if (!encoder_) {
    output_ = open_();
    encoder_ = make_encoder(*output_, shape_, /*is_live=*/true);
  }
  encoder_->write(samples, count);
  frames_ += frames;
  is_broken_ = false;
}

void AudioWriter::check_whole() const {
  if (is_broken_) fail(Status::kIo, "audio cannot be written any more, after a failure");
}

void AudioWriter::finish() {
  if (std::exchange(finished_, true)) return;
  check_whole();
  if (!encoder_) return;
  encoder_->finish();
  encoder_.reset();
  output_->close();
}

}  // namespace chatterbox::audio
