#include "s3gen/vocoder_stream.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "nn/emit.h"
#include "nn/upload.h"

namespace chatterbox::s3gen {
namespace {

// How far what depends on a frame lies from it, as measured on models of both sizes in fp64: 5
// frames for the pitch (five convolutions of kernel 3), 14.25 from the excitation to the wave.
constexpr int64_t kPitchReach = 5;
constexpr int64_t kWaveReach = 15;
// What changes the wave by more than 1e-3 of the most: -8..9 of a tiny model, -10..11 of one of the
// official size.
constexpr int64_t kShortReach = 10;
constexpr int64_t kTinyShortReach = 8;
constexpr int64_t kOfficialChannels = 512;  // s3gen.py, S3Token2Wav

}  // namespace

VocoderHalo exact_halo() { return {kWaveReach, kWaveReach + kPitchReach, false}; }

VocoderHalo short_halo(const Vocoder& vocoder) {
  const bool tiny = vocoder.generator.conv_pre.outputs() < kOfficialChannels;
  const int64_t reach = tiny ? kTinyShortReach : kShortReach;
  return {reach, reach, true};
}

VocoderStream::VocoderStream(const Vocoder& vocoder, const VocoderHalo& halo, uint64_t noise_seed)
    : halo_(halo),
      noise_seed_(noise_seed),
      cycles_(no_cycles(vocoder.source)),
      mel_(at::empty({vocoder.generator.mel_channels(), 0},
                     at::TensorOptions(at::kFloat).device(vocoder.device))),
      source_(at::empty({0}, mel_.options())) {
  if (!vocoder.device.is_cpu())
    cycles_ = at::zeros({1, cycles_.size(0)}, mel_.options().dtype(at::kDouble));
}

at::Tensor VocoderStream::mel_of(const Frames& frames) const {
  return mel_.narrow(1, frames.first - kept_, frames.end - frames.first);
}

// The excitation of frames from `first` on, whose pitch is given.
at::Tensor VocoderStream::make_part(const Vocoder& vocoder, const at::Tensor& pitch, int64_t first,
                                    SourceCycles& cycles) const {
  const int64_t samples = vocoder.generator.samples_per_frame();
  const SourceNoise noise =
      place_source_noise(vocoder.source, first * samples, pitch.size(0) * samples, noise_seed_);
  return make_source(vocoder.source, pitch, samples, noise, cycles);
}

at::Tensor VocoderStream::make_parts(const Vocoder& vocoder, const at::Tensor& pitch,
                                     int64_t known) {
  const int64_t samples = vocoder.generator.samples_per_frame();
  const MergedNoise merged =
      merge_noise(vocoder.source, {place_source_noise(vocoder.source, source_end_ * samples,
                                                      pitch.size(0) * samples, noise_seed_)});
  const std::vector<at::Tensor> there =
      nn::upload({merged.first_phases, merged.normals}, vocoder.device);
  return make_sources(vocoder.source, pitch.unsqueeze(0), samples, {there[0], there[1]}, cycles_,
                      known * samples)[0];
}

// Makes what can be made of the excitation. Returns that of all frames from kept_ on up to where
// the wave is to be computed.
at::Tensor VocoderStream::extend_source(const Vocoder& vocoder, bool last, const TensorSink& sink) {
  const int64_t known = last ? end_ : std::max(source_end_, end_ - kPitchReach);
  const int64_t wanted = halo_.tentative ? end_ : known;
  if (wanted == source_end_) return source_;
  const Frames seen{std::max(kept_, source_end_ - kPitchReach), end_};
  const at::Tensor pitch = predict_pitch(vocoder, {mel_of(seen)}).front();
  const auto pitch_of = [&](int64_t first, int64_t end) {
    return pitch.narrow(0, first - seen.first, end - first);
  };
  if (known > source_end_) nn::emit(sink, "s3gen.f0", pitch_of(source_end_, known));
  if (!vocoder.device.is_cpu()) {
    const at::Tensor parts =
        make_parts(vocoder, pitch_of(source_end_, wanted), known - source_end_);
    at::Tensor all = at::cat({source_, parts});
    source_end_ = known;
    source_ = all.narrow(0, 0, vocoder.generator.samples_per_frame() * (known - kept_));
    return all;
  }
  if (known > source_end_) {
    const at::Tensor final_pitch = pitch_of(source_end_, known);
    source_ = at::cat({source_, make_part(vocoder, final_pitch, source_end_, cycles_)});
    source_end_ = known;
  }
  if (wanted == known) return source_;
  SourceCycles cycles = cycles_;
  return at::cat({source_, make_part(vocoder, pitch_of(known, wanted), known, cycles)});
}

void VocoderStream::forget(int64_t first) {
  if (first <= kept_) return;
  const int64_t frames = first - kept_;
  const int64_t samples = frames * (source_.size(0) / (source_end_ - kept_));
  mel_ = mel_.narrow(1, frames, mel_.size(1) - frames).clone();
  source_ = source_.narrow(0, samples, source_.size(0) - samples).clone();
  kept_ = first;
}

at::Tensor VocoderStream::push(const Vocoder& vocoder, const at::Tensor& mel, bool last,
                               const TensorSink& sink) {
  mel_ = at::cat({mel_, mel}, 1);
  end_ += mel.size(1);
  const at::Tensor source = extend_source(vocoder, last, sink);
  const int64_t samples = vocoder.generator.samples_per_frame();
  const int64_t computed = kept_ + source.size(0) / samples;
  const int64_t halo = halo_.tentative ? halo_.right : halo_.right - kPitchReach;
  const int64_t end = last ? end_ : computed - halo;
  if (end <= spoken_) return at::empty({0}, at::kFloat);

  const Frames frames{std::max<int64_t>(0, spoken_ - halo_.left), computed};
  const int64_t skipped = samples * (frames.first - kept_);
  const at::Tensor window = source.narrow(0, skipped, source.size(0) - skipped);
  at::Tensor wave = generate_waves(vocoder, {mel_of(frames)}, {window})
                        .front()
                        .narrow(0, samples * (spoken_ - frames.first), samples * (end - spoken_))
                        .clone();
  apply_trim_fade(vocoder, wave, samples * spoken_);
  spoken_ = end;
  forget(std::min(spoken_ - halo_.left, source_end_ - kPitchReach));
  return wave;
}

}  // namespace chatterbox::s3gen
