#include "voice/source_tokens.h"

#include <algorithm>

#include "audio/resample.h"
#include "support/error.h"
#include "voice/recording.h"
#include "voice/voice_models.h"

namespace chatterbox::voice {
namespace {

// s3tokenizer/model_v2.py, _quantize_mixed_batch; 100 frames and 25 tokens a second
constexpr int64_t kFramesPerToken = 4;
constexpr int64_t kWindow = 3000;
constexpr int64_t kOverlap = 400;
constexpr int64_t kOverlapTokens = kOverlap / kFramesPerToken;

constexpr size_t kLeastSamples16 = 640;  // one token

int64_t tokens_of(int64_t frames) { return (frames + kFramesPerToken - 1) / kFramesPerToken; }

std::vector<float> at_16_khz(const Audio& recording) {
  std::vector<float> mono = mono_mix(recording);
  if (recording.sample_rate != kRate16) {
    mono = audio::resample_soxr_hq(mono, recording.sample_rate, kRate16);
  }
  if (mono.size() < kLeastSamples16) {
    fail(Status::kBadAudio,
         "a recording to convert must have at least {} samples at 16 kHz (0.04 s), got {}",
         kLeastSamples16, mono.size());
  }
  return mono;
}

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

SourceReader::SourceReader(const VoiceMaker& maker, const Audio& recording)
    : mel_(maker.s3_log_mel(at_16_khz(recording))), windows_(token_windows(mel_.size(1))) {}

bool SourceReader::next(const VoiceMaker& maker) {
  const TokenWindow& window = windows_[read_];
  const std::vector<int64_t> heard =
      maker.speech_tokens({mel_.narrow(1, window.begin, window.frames)}).front();
  tokens_.insert(tokens_.end(), heard.begin() + window.skip, heard.end() - window.leave);
  return ++read_ == windows_.size();
}

std::vector<int64_t> source_tokens(const VoiceMaker& maker, const Audio& recording) {
  SourceReader reader(maker, recording);
  while (!reader.next(maker)) {
  }
  return reader.tokens();
}

}  // namespace chatterbox::voice
