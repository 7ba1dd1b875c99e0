// How loud a recording is to the ear. Torch-free.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace chatterbox::audio {

// Integrated loudness (ITU-R BS.1770-4) of a mono signal in LUFS, as pyloudnorm measures it: its
// filters are near the recommendation's, not equal, so that meters which take those from the
// recommendation (libebur128) find up to 0.1 LU more in speech at 24 kHz. Empty where nothing can
// be measured: less than 0.4 s, or no 0.4 s of -70 LUFS. `rate`: at least 8000 Hz.
[[nodiscard]] std::optional<double> integrated_loudness(const std::vector<float>& samples,
                                                        int32_t rate);

}  // namespace chatterbox::audio
