// The reference's two resamplers. Torch-free.
#pragma once

#include <cstdint>
#include <vector>

namespace chatterbox::audio {

// librosa.resample(res_type="soxr_hq"): libsoxr's high-quality recipe; the result has
// ceil(n * target / source) samples, as librosa fixes it.
[[nodiscard]] std::vector<float> resample_soxr_hq(const std::vector<float>& samples,
                                                  int32_t source_rate, int32_t target_rate);

// torchaudio.transforms.Resample with its defaults (sinc_interp_hann, lowpass_filter_width 6,
// rolloff 0.99).
[[nodiscard]] std::vector<float> resample_sinc_hann(const std::vector<float>& samples,
                                                    int32_t source_rate, int32_t target_rate);

}  // namespace chatterbox::audio
