// The mel spectrograms that the models of a voice listen to. Filters and windows are computed once,
// by the make functions; the others take waves of one length as rows, in fp32 on the filters'
// device.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

namespace chatterbox::audio {

struct MelFrontEnd {
  at::Tensor filters;  // [mels, n_fft/2+1]
  at::Tensor window;   // [n_fft]
};

// The power spectrum that the 16 kHz mels are made of, in parts: a recording of ten minutes takes
// half a second. The bits are those of one transform of the whole.
class SpectrumRun {
 public:
  // Frames centred at multiples of 10 ms, both ends of the waves mirrored. waves [B, n]
  SpectrumRun(const MelFrontEnd& front_end, const at::Tensor& waves, int64_t frames);

  bool next();  // the next 20 s; whether they were the last
  [[nodiscard]] const at::Tensor& power() const { return power_; }  // [B, n_fft/2+1, frames]

 private:
  at::Tensor window_, padded_, power_;
  int64_t done_ = 0;
};

// VoiceEncoder: 16 kHz, 40 mels of power, no logarithm, a frame every 10 ms.
[[nodiscard]] MelFrontEnd make_speaker_mel(c10::Device device);
[[nodiscard]] at::Tensor speaker_mel(const MelFrontEnd& front_end,
                                     const at::Tensor& waves);  // [B, n] -> [B, 1 + n/160, 40]
[[nodiscard]] SpectrumRun speaker_spectrum(const MelFrontEnd& front_end, const at::Tensor& waves);
[[nodiscard]] at::Tensor speaker_mel_of(const MelFrontEnd& front_end, const at::Tensor& power);

// S3 tokenizer (Whisper's): 16 kHz, 128 log10 mels, a frame every 10 ms, the last one dropped;
// eight decades below the row's loudest value at most.
[[nodiscard]] MelFrontEnd make_s3_log_mel(c10::Device device);
[[nodiscard]] at::Tensor s3_log_mel(const MelFrontEnd& front_end,
                                    const at::Tensor& waves);  // [B, n] -> [B, 128, n/160]
[[nodiscard]] SpectrumRun s3_spectrum(const MelFrontEnd& front_end, const at::Tensor& waves);
[[nodiscard]] at::Tensor s3_log_mel_of(const MelFrontEnd& front_end, const at::Tensor& power);

// S3Gen (Matcha-TTS's): 24 kHz, 80 natural log mels of amplitude, a frame every 20 ms.
[[nodiscard]] MelFrontEnd make_s3gen_mel(c10::Device device);
[[nodiscard]] at::Tensor s3gen_mel(const MelFrontEnd& front_end,
                                   const at::Tensor& waves);  // [B, n] -> [B, n/480, 80]

}  // namespace chatterbox::audio
