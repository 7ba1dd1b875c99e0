// The vocoder over a mel that comes in pieces, by overlap-save: each piece is computed with frames
// on both sides of it that are thrown away, as many as the model sees, and no sample is faded into
// another. Noise is by sample.
#pragma once

#include <ATen/core/Tensor.h>

#include "s3gen/harmonic_source.h"
#include "s3gen/vocoder.h"

namespace chatterbox::s3gen {

// Frames on the sides of what is computed.
struct VocoderHalo {
  int64_t left = 0;
  int64_t right = 0;
  // The excitation of the last frames, whose pitch is not known yet, is made from the pitch that
  // they have without what follows, and made again with the next piece.
  bool tentative = false;
};
// All that the model sees: a stream is what the whole mel gives, to the bit on a CPU.
[[nodiscard]] VocoderHalo exact_halo();
// What counts of it; half as late. At most 1e-3 from the whole mel's wave.
[[nodiscard]] VocoderHalo short_halo(const Vocoder& vocoder);

class VocoderStream {
 public:
  VocoderStream(const Vocoder& vocoder, const VocoderHalo& halo, uint64_t noise_seed);

  // The next frames, [80, T], T >= 0. All samples that are final now, fp32, on the CPU; with the
  // last frames, all. In all 480 for each frame. `sink` receives s3gen.f0 of the frames whose pitch
  // is final with these.
  [[nodiscard]] at::Tensor push(const Vocoder& vocoder, const at::Tensor& mel, bool last,
                                const TensorSink& sink = {});

 private:
  // Frames of the utterance, [first, end).
  struct Frames {
    int64_t first, end;
  };
  [[nodiscard]] at::Tensor mel_of(const Frames& frames) const;
  [[nodiscard]] at::Tensor extend_source(const Vocoder& vocoder, bool last, const TensorSink& sink);
  [[nodiscard]] at::Tensor make_part(const Vocoder& vocoder, const at::Tensor& pitch, int64_t first,
                                     SourceCycles& cycles) const;
  // The same on a device, of all frames whose pitch is given, in one copy. `known` of them are
  // final.
  [[nodiscard]] at::Tensor make_parts(const Vocoder& vocoder, const at::Tensor& pitch,
                                      int64_t known);
  void forget(int64_t first);

  VocoderHalo halo_;
  uint64_t noise_seed_;
  SourceCycles cycles_;     // up to source_end_; on a device of a batch of one, [1, H]
  at::Tensor mel_;          // [80, T], of the frames [kept_, end_)
  at::Tensor source_;       // of the frames [kept_, source_end_)
  int64_t kept_ = 0;        // the first frame of which there is something
  int64_t source_end_ = 0;  // the excitation is final up to this frame, ...
  int64_t spoken_ = 0;      // ... and the wave up to this one
  int64_t end_ = 0;         // frames so far
};

}  // namespace chatterbox::s3gen
