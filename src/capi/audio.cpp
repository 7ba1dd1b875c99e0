#include <limits>
#include <vector>

#include "capi/guard.h"
#include "capi/handles.h"

using chatterbox::fail;
using chatterbox::Status;
using chatterbox::capi::guard;
using chatterbox::capi::require;

chatterbox_status chatterbox_audio_read(const char* path, chatterbox_audio** audio) {
  if (audio != nullptr) *audio = nullptr;
  return guard([&] {
    require("audio", audio);
    require("path", path);
    *audio = new chatterbox_audio{chatterbox::read_wav(path)};
  });
}

const float* chatterbox_audio_samples(const chatterbox_audio* audio) {
  return audio == nullptr ? nullptr : audio->audio.samples.data();
}

uint64_t chatterbox_audio_frame_count(const chatterbox_audio* audio) {
  if (audio == nullptr) return 0;
  return audio->audio.samples.size() / static_cast<size_t>(audio->audio.channels);
}

int32_t chatterbox_audio_channels(const chatterbox_audio* audio) {
  return audio == nullptr ? 0 : audio->audio.channels;
}

int32_t chatterbox_audio_sample_rate(const chatterbox_audio* audio) {
  return audio == nullptr ? 0 : audio->audio.sample_rate;
}

void chatterbox_audio_destroy(chatterbox_audio* audio) { delete audio; }

chatterbox_status chatterbox_audio_write(const char* path, const float* samples, uint64_t frames,
                                         int32_t channels, int32_t sample_rate) {
  return guard([&] {
    require("path", path);
    if (frames > 0) require("samples", samples);
    if (channels < 1)
      fail(Status::kInvalidArgument, "channels must be at least 1, got {}", channels);
    if (sample_rate < 1) {
      fail(Status::kInvalidArgument, "sample_rate must be at least 1 Hz, got {}", sample_rate);
    }
    // The sizes in a WAV file's header have 32 bits.
    constexpr uint64_t kMostBytes = std::numeric_limits<uint32_t>::max();
    if (frames > kMostBytes / sizeof(int16_t) / static_cast<uint64_t>(channels)) {
      fail(Status::kInvalidArgument, "{} frames of {} channels do not fit into a WAV file", frames,
           channels);
    }
    chatterbox::Audio audio;
    audio.sample_rate = sample_rate;
    audio.channels = channels;
    if (frames > 0)
      audio.samples.assign(samples, samples + frames * static_cast<uint64_t>(channels));
    chatterbox::write_wav(path, audio);
  });
}
