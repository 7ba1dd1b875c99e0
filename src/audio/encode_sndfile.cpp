#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "audio/encode.h"
#include "audio/ogg_pages.h"
#include "audio/sndfile_handle.h"
#include "audio/wav.h"
#include "support/error.h"

namespace chatterbox::audio {
namespace {

// Hands an Output the bytes that libsndfile writes. It goes back in FLAC and MP3, at the end, to
// fill in what only the end tells.
class Stream final : public VirtualFile {
 public:
  // `left_out`: bytes at the start that the output does not get, where it cannot be rewritten.
  Stream(Output* output, size_t left_out) : output_(output), left_out_(left_out) {}
  // The stream is Ogg: its serial number, before anything is written.
  void set_serial(uint32_t serial) { serial_.emplace().set(serial); }

  size_t size() override { return end_; }
  void write(const void* data, size_t count) override {
    std::string_view bytes(static_cast<const char*>(data), count);
    const std::string_view old = bytes.substr(0, end_ - std::min(end_, position()));
    rewritten_ += old.size();
    if (!old.empty() && output_ != nullptr && output_->rewrites()) {
      output_->rewrite(position(), old);
    }
    bytes.remove_prefix(old.size());
    const size_t skipped = std::min(bytes.size(), left_out_ - std::min(left_out_, end_));
    end_ += bytes.size();
    bytes.remove_prefix(skipped);
    if (bytes.empty() || output_ == nullptr) return;
    if (!serial_) return output_->append(bytes);
    if (const std::string pages = serial_->take(bytes); !pages.empty()) output_->append(pages);
  }
  [[nodiscard]] size_t rewritten() const { return rewritten_; }

 private:
  Output* const output_;  // null: nobody wants the bytes
  const size_t left_out_;
  std::optional<OggSerial> serial_;
  size_t end_ = 0;
  size_t rewritten_ = 0;  // bytes that were there before
};

int sndfile_format(AudioFormat format) {
  switch (format) {
    case AudioFormat::kFlac:
      return SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
    case AudioFormat::kVorbis:
      return SF_FORMAT_OGG | SF_FORMAT_VORBIS;
    case AudioFormat::kOpus:
      return SF_FORMAT_OGG | SF_FORMAT_OPUS;
    default:
      return SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III;
  }
}

using Sndfile = std::unique_ptr<SNDFILE, CloseSndfile>;

// A constant bit rate, in the middle of what MP3 has for the sample rate: 80 kbit/s at 24 kHz. A
// player can then seek in a file that was written into a pipe; and LAME's other modes end the
// process where they find a fault in themselves.
void set_mp3_rate(SNDFILE* file) {
  double compression = 0.5;
  int mode = SF_BITRATE_MODE_CONSTANT;
  if (sf_command(file, SFC_SET_COMPRESSION_LEVEL, &compression, sizeof compression) != SF_TRUE ||
      sf_command(file, SFC_SET_BITRATE_MODE, &mode, sizeof mode) != SF_TRUE) {
    fail(Status::kInternal, "libsndfile refuses the bit rate of an MP3 file");
  }
}

Sndfile open(Stream& stream, const Shape& shape, bool is_live) {
  SF_INFO info{};
  info.samplerate = shape.sample_rate;
  info.channels = shape.channels;
  info.format = sndfile_format(shape.format);
  SndfileHandle file = open_sndfile(stream, SFM_WRITE, info);
  if (!file.handle) {
    fail(Status::kUnsupported, "libsndfile cannot write {}: {}", name_of(shape.format), file.error);
  }
  if (shape.format == AudioFormat::kMp3) set_mp3_rate(file.handle.get());
  if (shape.format == AudioFormat::kOpus && is_live) {
    double milliseconds = 200;  // of a page, in place of 1000
    sf_command(file.handle.get(), SFC_SET_OGG_PAGE_LATENCY_MS, &milliseconds, sizeof milliseconds);
  }
  return std::move(file.handle);
}

// An MP3 file begins with a frame that tells its length and the encoder's delay, which is filled in
// at the end. Where that cannot be, it would be heard as a frame of silence: it is left out. How
// long it is shows when it is filled in, so some silence is encoded for nobody.
size_t info_frame_size(const Shape& shape) {
  Stream stream(nullptr, 0);
  Sndfile file = open(stream, shape, /*is_live=*/false);
  const std::vector<float> silence(static_cast<size_t>(shape.channels), 0);
  sf_writef_float(file.get(), silence.data(), 1);
  file.reset();
  return stream.rewritten();
}

bool is_ogg(AudioFormat format) {
  return format == AudioFormat::kVorbis || format == AudioFormat::kOpus;
}

// The same for the same samples, and most likely another for others, so that files can be chained.
// FNV-1a.
uint32_t serial_of(const std::vector<float>& samples) {
  uint32_t hash = 0x811C9DC5;
  for (const float sample : samples) {
    uint32_t bits = 0;
    std::memcpy(&bits, &sample, sizeof bits);
    for (int shift = 0; shift < 32; shift += 8)
      hash = (hash ^ (bits >> shift & 0xFFU)) * 0x01000193;
  }
  return hash;
}

class SndfileEncoder final : public Encoder {
 public:
  SndfileEncoder(Output& output, const Shape& shape, bool is_live)
      : shape_(shape),
        stream_(&output, shape.format == AudioFormat::kMp3 && !output.rewrites()
                             ? info_frame_size(shape)
                             : 0),
        file_(open(stream_, shape, is_live)) {}

  void write(const float* samples, size_t count) override {
    while (count > 0) {
      const size_t size = std::min(count, block() - pending_.size());
      pending_.insert(pending_.end(), samples, samples + size);
      samples += size;
      count -= size;
      if (pending_.size() == block()) encode_pending();
    }
  }
  void finish() override {
    if (!pending_.empty()) encode_pending();
    const bool done = sf_close(file_.release()) == SF_ERR_NO_ERROR;
    stream_.rethrow();
    if (!done) fail(Status::kIo, "libsndfile cannot complete {}", name_of(shape_.format));
  }

 private:
  // libvorbis makes other decisions where it is given other numbers of samples at a time. Always
  // the same number, and a file does not depend on how its samples came.
  [[nodiscard]] size_t block() const { return size_t{1024} * static_cast<size_t>(shape_.channels); }

  void encode_pending() {
    const auto count = static_cast<sf_count_t>(pending_.size());
    if (is_ogg(shape_.format) && !has_serial_) stream_.set_serial(serial_of(pending_));
    has_serial_ = true;
    const sf_count_t written =
        shape_.format == AudioFormat::kFlac ? encode_integers() : encode_clipped();
    pending_.clear();
    stream_.rethrow();
    if (written == count && sf_error(file_.get()) == SF_ERR_NO_ERROR) return;
    fail(Status::kIo, "libsndfile cannot write {}: {}", name_of(shape_.format),
         sf_strerror(file_.get()));
  }

  sf_count_t encode_integers() {
    integers_.resize(pending_.size());
    for (size_t i = 0; i < pending_.size(); ++i) integers_[i] = to_int16(pending_[i], i);
    return sf_write_short(file_.get(), integers_.data(), static_cast<sf_count_t>(integers_.size()));
  }

  sf_count_t encode_clipped() {
    for (float& sample : pending_) sample = std::clamp(sample, -1.0F, 1.0F);
    return sf_write_float(file_.get(), pending_.data(), static_cast<sf_count_t>(pending_.size()));
  }

  const Shape shape_;
  Stream stream_;
  Sndfile file_;
  bool has_serial_ = false;     // that of the first block
  std::vector<float> pending_;  // less than a block
  std::vector<int16_t> integers_;
};

}  // namespace

std::unique_ptr<Encoder> make_sndfile_encoder(Output& output, const Shape& shape, bool is_live) {
  return std::make_unique<SndfileEncoder>(output, shape, is_live);
}

}  // namespace chatterbox::audio
