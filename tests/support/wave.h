// Samples of the public interface as values that tests can compare, change and keep.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <vector>

namespace chatterbox::testing {

inline std::vector<float> wave_of(Samples samples) { return {samples.begin(), samples.end()}; }
inline std::vector<float> wave_of(const Audio& audio) { return wave_of(audio.samples()); }
inline std::vector<float> wave_of(const Result& result) { return wave_of(result.samples()); }

}  // namespace chatterbox::testing
