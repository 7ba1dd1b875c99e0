#include <chatterbox/voice.h>

#include "capi/arguments.h"
#include "capi/callbacks.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/new_handle.h"
#include "capi/structs.h"
#include "engine/validate.h"

using chatterbox::capi::guard;
using chatterbox::capi::require;
using chatterbox::capi::store_new;

namespace {

chatterbox_voice_options default_options() {
  chatterbox_voice_options options{};
  options.normalise_loudness = 1;
  options.prompt_seconds = chatterbox::VoiceOptions().prompt_seconds;
  return options;
}

}  // namespace

chatterbox_status chatterbox_engine_get_default_voice(const chatterbox_engine* engine,
                                                      chatterbox_voice** voice) {
  return store_new("voice", voice, [&] {
    require("engine", engine);
    return new chatterbox_voice{engine->engine.default_voice()};
  });
}

chatterbox_status chatterbox_engine_get_voice(const chatterbox_engine* engine, const char* name,
                                              chatterbox_voice** voice) {
  return store_new("voice", voice, [&] {
    require("engine", engine);
    require("name", name);
    return new chatterbox_voice{engine->engine.named_voice(name)};
  });
}

chatterbox_status chatterbox_voice_options_init(chatterbox_voice_options* options, size_t size) {
  return guard([&] {
    require("options", options);
    chatterbox::capi::init_struct("chatterbox_voice_options", default_options(), options, size);
  });
}

chatterbox_status chatterbox_engine_make_voice(chatterbox_engine* engine, const float* samples,
                                               uint64_t frames, int32_t channels,
                                               int32_t sample_rate,
                                               const chatterbox_voice_options* options,
                                               chatterbox_voice** voice) {
  return store_new("voice", voice, [&] {
    require("engine", engine);
    require("samples", samples);
    auto from = default_options();
    if (options != nullptr) {
      from = chatterbox::capi::read_struct("chatterbox_voice_options", from, options);
    }
    const bool normalise = chatterbox::capi::flag("normalise_loudness", from.normalise_loudness);
    // Before the samples are touched: a wrong count must not make us read beyond them.
    chatterbox::engine::validate_recording_format(frames, channels, sample_rate);
    chatterbox::VoiceOptions with;
    with.normalise_loudness = normalise;
    with.prompt_seconds = from.prompt_seconds;
    with.on_tensor = chatterbox::capi::tensor_callback(from.on_tensor, /*tag=*/0, from.user_data);
    return new chatterbox_voice{engine->engine.make_voice(
        chatterbox::capi::copy_audio(samples, frames, channels, sample_rate), with)};
  });
}

chatterbox_status chatterbox_voice_load(const char* path, chatterbox_voice** voice) {
  return store_new("voice", voice, [&] {
    require("path", path);
    return new chatterbox_voice{chatterbox::Voice::load(path)};
  });
}

chatterbox_status chatterbox_voice_load_from_memory(const void* data, uint64_t size,
                                                    chatterbox_voice** voice) {
  return store_new("voice", voice, [&] {
    require("data", data);
    const std::string_view bytes(static_cast<const char*>(data), static_cast<size_t>(size));
    return new chatterbox_voice{chatterbox::Voice::parse(bytes, "a voice in memory")};
  });
}

chatterbox_status chatterbox_voice_save(const chatterbox_voice* voice, const char* path) {
  return guard([&] {
    require("voice", voice);
    require("path", path);
    voice->voice.save(path);
  });
}

chatterbox_status chatterbox_voice_save_to_memory(const chatterbox_voice* voice,
                                                  chatterbox_buffer** buffer) {
  return store_new("buffer", buffer, [&] {
    require("voice", voice);
    return new chatterbox_buffer{voice->voice.serialise()};
  });
}

const char* chatterbox_voice_id(const chatterbox_voice* voice) {
  return voice == nullptr ? nullptr : voice->voice.id().c_str();
}

void chatterbox_voice_destroy(chatterbox_voice* voice) { delete voice; }

chatterbox_status chatterbox_voice_get_info(const chatterbox_voice* voice,
                                            chatterbox_voice_info* info, size_t size) {
  return chatterbox::capi::describe("info", "voice", voice, info, size, [&] {
    const chatterbox::voice::Conditionals& from = *voice->voice.conditionals();
    chatterbox_voice_info to{};
    to.prompt_tokens = static_cast<int64_t>(from.prompt_tokens.size());
    to.s3gen_tokens = static_cast<int64_t>(from.s3gen_tokens.size());
    to.mel_frames = from.mel_frames();
    return to;
  });
}
