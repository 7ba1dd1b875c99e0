#include "voice/source_tokens.h"

#include <algorithm>
#include <optional>

#include "voice/recording.h"
#include "voice/voice_models.h"

namespace chatterbox::voice {
namespace {

// s3tokenizer/model_v2.py, _quantize_mixed_batch; 100 frames and 25 tokens a second
constexpr int64_t kFramesPerToken = 4;
constexpr int64_t kWindow = 3000;
constexpr int64_t kOverlap = 400;
constexpr int64_t kOverlapTokens = kOverlap / kFramesPerToken;

int64_t tokens_of(int64_t frames) { return (frames + kFramesPerToken - 1) / kFramesPerToken; }

}  // namespace

std::vector<TokenWindow> token_windows(int64_t frames) {
  constexpr int64_t kStride = kWindow - kOverlap;
  const auto has_next = [frames](int64_t begin) {
    return frames > kWindow && tokens_of(frames - begin - kStride) >= kOverlapTokens;
  };
  std::vector<TokenWindow> windows = {{0, std::min(kWindow, frames), 0, 0}};
  while (has_next(windows.back().begin)) {
    windows.back().leave = kOverlapTokens / 2;
    const int64_t begin = windows.back().begin + kStride;
    windows.push_back({begin, std::min(kWindow, frames - begin), kOverlapTokens / 2, 0});
  }
  return windows;
}

class SourceReader::Impl {
 public:
  Impl(const VoiceMaker& maker, const Audio& heard)
      : maker_(maker), spectrum_(maker.s3_spectrum(heard.samples)) {}

  bool next() {
    if (spectrum_) {
      if (spectrum_->next()) {
        mel_ = maker_.s3_log_mel_of(spectrum_->power());
        windows_ = token_windows(mel_.size(1));
        spectrum_.reset();
      }
      return false;
    }
    const TokenWindow& window = windows_[read_];
    if (!run_) run_.emplace(maker_.speech_tokens({mel_.narrow(1, window.begin, window.frames)}));
    if (!run_->next()) return false;
    const auto heard = to_vector<int64_t>(run_->tokens().front());
    run_.reset();
    tokens_.insert(tokens_.end(), heard.begin() + window.skip, heard.end() - window.leave);
    return ++read_ == windows_.size();
  }
  [[nodiscard]] const std::vector<int64_t>& tokens() const { return tokens_; }

 private:
  const VoiceMaker& maker_;
  std::optional<audio::SpectrumRun> spectrum_;  // until the mel is there
  at::Tensor mel_;                              // [128, T]
  std::vector<TokenWindow> windows_;
  size_t read_ = 0;
  std::optional<S3TokenRun> run_;  // of the window that is being read
  std::vector<int64_t> tokens_;
};

SourceReader::SourceReader(const VoiceMaker& maker, const Audio& heard)
    : impl_(std::make_unique<Impl>(maker, heard)) {}

SourceReader::~SourceReader() = default;
SourceReader::SourceReader(SourceReader&&) noexcept = default;

bool SourceReader::next() { return impl_->next(); }

const std::vector<int64_t>& SourceReader::tokens() const { return impl_->tokens(); }

std::vector<int64_t> source_tokens(const VoiceMaker& maker, const Audio& recording) {
  SourceReader reader(maker, heard_for_conversion(recording));
  while (!reader.next()) {
  }
  return reader.tokens();
}

}  // namespace chatterbox::voice
