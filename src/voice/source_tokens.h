// What is said in a recording, as speech tokens: the source of a voice conversion. Any length.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "audio/audio.h"
#include "voice/voice_maker.h"

namespace chatterbox::voice {

// The tokenizer hears at most 30 s at a time. Longer recordings go through it in windows that
// overlap by 4 s; of the overlap the first half is the earlier window's.
struct TokenWindow {
  int64_t begin = 0;   // mel frame
  int64_t frames = 0;  // at most 3000
  int64_t skip = 0;    // tokens at the beginning that the window before has
  int64_t leave = 0;   // tokens at the end that the window after has
};
// `frames`: of the whole recording, at least 1. The windows are those of Python's s3tokenizer
// 0.3.0, but for its last one where that is shorter than the overlap: there the package loses
// tokens, 50 where it is shorter than 2 s. Here the window before, which reaches the end as well,
// is the last.
[[nodiscard]] std::vector<TokenWindow> token_windows(int64_t frames);

// Reads a recording in parts, so that others need not wait for all of it: at the official size, on
// two cores with AVX-512, none takes more than 0.15 s.
class SourceReader {
 public:
  // `heard`: of heard_for_conversion(). The maker outlives the reader.
  SourceReader(const VoiceMaker& maker, const Audio& heard);
  ~SourceReader();
  SourceReader(SourceReader&&) noexcept;

  bool next();  // the next part; whether it was the last
  // Those of the windows that were read.
  [[nodiscard]] const std::vector<int64_t>& tokens() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Speech tokens of all of `recording`, 25 a second. kBadAudio where it is shorter than one token
// (40 ms), or where its samples are far beyond [-1, 1].
[[nodiscard]] std::vector<int64_t> source_tokens(const VoiceMaker& maker, const Audio& recording);

}  // namespace chatterbox::voice
