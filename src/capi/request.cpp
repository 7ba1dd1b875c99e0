#include "capi/request.h"

#include "capi/arguments.h"
#include "capi/callbacks.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/structs.h"
#include "engine/validate.h"

namespace chatterbox::capi {
namespace {

chatterbox_request default_request() {
  chatterbox_request request{};
  request.temperature = CHATTERBOX_UNSET;
  request.cfg_weight = CHATTERBOX_UNSET;
  request.exaggeration = CHATTERBOX_UNSET;
  request.min_p = CHATTERBOX_UNSET;
  request.top_p = CHATTERBOX_UNSET;
  request.repetition_penalty = CHATTERBOX_UNSET;
  request.max_new_tokens = CHATTERBOX_UNSET;
  request.cfm_steps = CHATTERBOX_UNSET;
  request.cfg_steps = CHATTERBOX_UNSET;
  request.top_k = CHATTERBOX_UNSET;
  request.analyze_alignment = CHATTERBOX_UNSET;
  request.deadline_ms = CHATTERBOX_UNSET;
  request.noise = CHATTERBOX_UNSET;
  request.block_size = CHATTERBOX_UNSET;
  request.block_passes = CHATTERBOX_UNSET;
  request.schedule_shift = CHATTERBOX_UNSET;
  request.early_decoding = CHATTERBOX_UNSET;
  request.position_noise = CHATTERBOX_UNSET;
  request.prior = CHATTERBOX_UNSET;
  request.fill_before_end = CHATTERBOX_UNSET;
  request.normalise = CHATTERBOX_UNSET;
  return request;
}

chatterbox_conversion default_conversion() {
  chatterbox_conversion conversion{};
  conversion.channels = 1;
  conversion.cfm_steps = CHATTERBOX_UNSET;
  conversion.cfg_steps = CHATTERBOX_UNSET;
  conversion.deadline_ms = CHATTERBOX_UNSET;
  conversion.noise = CHATTERBOX_UNSET;
  return conversion;
}

chatterbox_stream_options default_stream_options() {
  const StreamOptions from;
  chatterbox_stream_options options{};
  options.halo = static_cast<int32_t>(from.halo);
  options.left_tokens = from.left_tokens;
  options.right_tokens = from.right_tokens;
  options.condition_tokens = from.condition_tokens;
  options.prompt = static_cast<int32_t>(from.prompt);
  options.slack_tokens = from.slack_tokens;
  return options;
}

StreamOptions convert(const chatterbox_stream_options* caller) {
  StreamOptions options;
  if (caller == nullptr) return options;
  const auto from = read_struct("chatterbox_stream_options", default_stream_options(), caller);
  require_zero("stream_options.reserved", from.reserved);
  if (from.chunk_count > 0) {
    require("chunks", from.chunks);
    engine::validate_chunk_count(from.chunk_count);  // before they are touched
    options.chunks.assign(from.chunks, from.chunks + from.chunk_count);
  }
  options.halo = static_cast<Halo>(from.halo);
  options.left_tokens = from.left_tokens;
  options.right_tokens = from.right_tokens;
  options.condition_tokens = from.condition_tokens;
  options.prompt = static_cast<StreamPrompt>(from.prompt);
  options.slack_tokens = from.slack_tokens;
  return options;
}

BlockRequest blocks_of(const chatterbox_request& from) {
  BlockRequest blocks;
  blocks.size = option(from.block_size);
  blocks.passes = option(from.block_passes);
  blocks.schedule_shift = option(from.schedule_shift);
  blocks.early_decoding = option(from.early_decoding);
  blocks.position_noise = optional_flag("position_noise", from.position_noise);
  blocks.prior = optional_flag("prior", from.prior);
  blocks.fill_before_end = optional_flag("fill_before_end", from.fill_before_end);
  return blocks;
}

// What the two structs have in common.
template <class From, class To>
void convert_common(const From& from, To& to) {
  if (from.voice != nullptr) to.voice = from.voice->voice;
  if (flag("has_seed", from.has_seed)) to.seed = from.seed;
  to.cfm_steps = option(from.cfm_steps);
  to.cfg_steps = option(from.cfg_steps);
  to.tag = from.tag;
  to.client = from.client;
  to.priority = from.priority;
  if (const auto deadline = option(from.deadline_ms)) {
    to.deadline = std::chrono::milliseconds(*deadline);
  }
  to.wait_for_room = waiting_time("wait_ms", from.wait_ms);
  to.stream = static_cast<StreamMode>(from.stream);
  to.stream_options = convert(from.stream_options);
  to.noise = optional_enum<NoiseLayout>(from.noise);
  to.on_progress = progress_callback(from.on_progress, from.tag, from.user_data);
  to.on_tensor = tensor_callback(from.on_tensor, from.tag, from.user_data);
  to.on_audio = audio_callback(from.on_audio, from.tag, from.user_data);
  to.on_done = done_callback(from.on_done, from.tag, from.user_data);
}

}  // namespace

Request convert(const chatterbox_request* caller, Text text) {
  require("request", caller);
  const auto from = read_struct("chatterbox_request", default_request(), caller);
  if (text == Text::kRequired) require("text", from.text);
  Request request;
  convert_common(from, request);
  if (from.text != nullptr) request.text = from.text;
  request.temperature = option(from.temperature);
  request.cfg_weight = option(from.cfg_weight);
  request.exaggeration = option(from.exaggeration);
  request.min_p = option(from.min_p);
  request.top_p = option(from.top_p);
  request.repetition_penalty = option(from.repetition_penalty);
  request.max_new_tokens = option(from.max_new_tokens);
  request.top_k = option(from.top_k);
  request.analyze_alignment = optional_flag("analyze_alignment", from.analyze_alignment);
  if (from.language != nullptr) request.language = from.language;
  request.text_tags = flag("text_tags", from.text_tags);
  request.word_times = flag("word_times", from.word_times);
  request.blocks = blocks_of(from);
  request.normalise = optional_flag("normalise", from.normalise);
  return request;
}

Conversion convert(const chatterbox_conversion* caller) {
  require("conversion", caller);
  const auto from = read_struct("chatterbox_conversion", default_conversion(), caller);
  require("samples", from.samples);
  // Before the samples are touched: a wrong count must not make us read beyond them.
  engine::validate_recording_format(from.frames, from.channels, from.sample_rate,
                                    engine::kMinSourceSeconds);
  require_zero("reserved", from.reserved);
  Conversion conversion;
  convert_common(from, conversion);
  conversion.source = copy_audio(from.samples, from.frames, from.channels, from.sample_rate);
  return conversion;
}

}  // namespace chatterbox::capi

using chatterbox::capi::guard;
using chatterbox::capi::init_struct;
using chatterbox::capi::require;

chatterbox_status chatterbox_request_init(chatterbox_request* request, size_t size) {
  return guard([&] {
    require("request", request);
    init_struct("chatterbox_request", chatterbox::capi::default_request(), request, size);
  });
}

chatterbox_status chatterbox_stream_options_init(chatterbox_stream_options* options, size_t size) {
  return guard([&] {
    require("options", options);
    init_struct("chatterbox_stream_options", chatterbox::capi::default_stream_options(), options,
                size);
  });
}

chatterbox_status chatterbox_conversion_init(chatterbox_conversion* conversion, size_t size) {
  return guard([&] {
    require("conversion", conversion);
    init_struct("chatterbox_conversion", chatterbox::capi::default_conversion(), conversion, size);
  });
}
