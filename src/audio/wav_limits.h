// What the reader of WAV files accepts and the writer keeps to.
#pragma once

#include <cstddef>
#include <cstdint>

namespace chatterbox::audio {

constexpr int32_t kMostWavChannels = 8;
constexpr int32_t kLeastWavRate = 8000;
constexpr int32_t kMostWavRate = 192000;
constexpr size_t kMostWavBytes = UINT32_MAX;  // sizes in the file have 32 bits

constexpr uint16_t kWavPcm = 1;
constexpr uint16_t kWavFloat = 3;
constexpr uint16_t kWavExtensible = 0xFFFE;

}  // namespace chatterbox::audio
