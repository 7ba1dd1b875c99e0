#include <chatterbox/audio.h>

#include "audio/codec.h"
#include "audio/limits.h"
#include "capi/arguments.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/new_handle.h"

using chatterbox::fail;
using chatterbox::Status;
using chatterbox::audio::AudioFormat;
using chatterbox::audio::AudioWriter;
using chatterbox::capi::guard;
using chatterbox::capi::require;
using chatterbox::capi::store_new;

namespace {

AudioFormat format_of(int32_t format) {
  if (format < CHATTERBOX_FORMAT_AUTO || format > CHATTERBOX_FORMAT_MP3) {
    fail(Status::kInvalidArgument, "format must be {} to {}, got {}", CHATTERBOX_FORMAT_AUTO,
         CHATTERBOX_FORMAT_MP3, format);
  }
  return static_cast<AudioFormat>(format);
}

AudioFormat known_format_of(int32_t format) {
  if (format == CHATTERBOX_FORMAT_AUTO) {
    fail(Status::kInvalidArgument, "format must not be CHATTERBOX_FORMAT_AUTO: there is no name");
  }
  return format_of(format);
}

// Checks the counts before the samples are touched.
chatterbox::Audio samples_of(const float* samples, uint64_t frames, int32_t channels,
                             int32_t sample_rate) {
  if (frames > 0) require("samples", samples);
  constexpr int32_t kMaxChannels = chatterbox::audio::kMaxChannels;
  if (channels < 1 || channels > kMaxChannels) {
    fail(Status::kInvalidArgument, "channels must be in [1, {}], got {}", kMaxChannels, channels);
  }
  if (frames > chatterbox::audio::max_frames(channels)) {
    fail(Status::kInvalidArgument, "{} frames of {} channels do not fit into a file", frames,
         channels);
  }
  return chatterbox::capi::copy_audio(samples, frames, channels, sample_rate);
}

}  // namespace

chatterbox_status chatterbox_audio_read(const char* path, chatterbox_audio** audio) {
  return store_new("audio", audio, [&] {
    require("path", path);
    return new chatterbox_audio{chatterbox::audio::read_audio(path)};
  });
}

chatterbox_status chatterbox_audio_decode(const void* data, uint64_t size,
                                          chatterbox_audio** audio) {
  return store_new("audio", audio, [&] {
    require("data", data);
    return new chatterbox_audio{
        chatterbox::audio::decode_audio(data, static_cast<size_t>(size), "audio in memory")};
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

chatterbox_status chatterbox_audio_write(const char* path, int32_t format, const float* samples,
                                         uint64_t frames, int32_t channels, int32_t sample_rate) {
  return guard([&] {
    require("path", path);
    const AudioFormat known = format_of(format);
    chatterbox::audio::write_audio(path, samples_of(samples, frames, channels, sample_rate), known);
  });
}

chatterbox_status chatterbox_audio_encode(int32_t format, const float* samples, uint64_t frames,
                                          int32_t channels, int32_t sample_rate,
                                          chatterbox_buffer** buffer) {
  return store_new("buffer", buffer, [&] {
    const AudioFormat known = known_format_of(format);
    return new chatterbox_buffer{
        chatterbox::audio::encode_audio(samples_of(samples, frames, channels, sample_rate), known)};
  });
}

chatterbox_status chatterbox_audio_writer_create(const char* path, int32_t format, int32_t channels,
                                                 int32_t sample_rate,
                                                 chatterbox_audio_writer** writer) {
  return store_new("writer", writer, [&] {
    require("path", path);
    return new chatterbox_audio_writer{AudioWriter(path, sample_rate, channels, format_of(format))};
  });
}

chatterbox_status chatterbox_audio_writer_create_for_callback(chatterbox_bytes_callback on_bytes,
                                                              void* user_data, int32_t format,
                                                              int32_t channels, int32_t sample_rate,
                                                              chatterbox_audio_writer** writer) {
  return store_new("writer", writer, [&] {
    if (on_bytes == nullptr) fail(Status::kInvalidArgument, "on_bytes must not be NULL");
    const auto sink = [on_bytes, user_data](const void* data, size_t size) {
      return on_bytes(data, size, user_data) == 0;
    };
    return new chatterbox_audio_writer{
        AudioWriter(sink, sample_rate, channels, known_format_of(format))};
  });
}

chatterbox_status chatterbox_audio_writer_write(chatterbox_audio_writer* writer,
                                                const float* samples, uint64_t frames) {
  return guard([&] {
    require("writer", writer);
    if (frames > 0) require("samples", samples);
    writer->writer.write(samples, static_cast<size_t>(frames));
  });
}

chatterbox_status chatterbox_audio_writer_finish(chatterbox_audio_writer* writer) {
  return guard([&] {
    require("writer", writer);
    writer->writer.finish();
  });
}

void chatterbox_audio_writer_destroy(chatterbox_audio_writer* writer) { delete writer; }
