// The resampler that the detector listens through. Torch-free.
#pragma once

#include <cstdint>
#include <vector>

namespace chatterbox::watermark {

// scipy.signal.resample_poly with its defaults, which is librosa.resample(res_type="polyphase"): a
// Kaiser-windowed sinc of ten zero crossings a side. ceil(n * target / source) samples. Rates of at
// least 1 Hz.
[[nodiscard]] std::vector<float> resample_polyphase(const std::vector<float>& samples,
                                                    int32_t source_rate, int32_t target_rate);

}  // namespace chatterbox::watermark
