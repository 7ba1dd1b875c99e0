// Converts the options and requests of C++ to those of C, which point into them. Include
// <chatterbox/chatterbox.hpp>, not this file, which has nothing for callers.
#ifndef CHATTERBOX_CPP_TO_C_HPP
#define CHATTERBOX_CPP_TO_C_HPP

#include <chatterbox/cpp/core.hpp>
#include <chatterbox/cpp/options.hpp>
#include <chatterbox/cpp/request.hpp>
#include <chrono>
#include <optional>
#include <vector>

namespace chatterbox {
inline namespace abi1 {
namespace detail {

[[nodiscard]] inline std::vector<chatterbox_file> to_c(const std::vector<MemoryFile>& from) {
  std::vector<chatterbox_file> files;
  files.reserve(from.size());
  for (const MemoryFile& file : from) {
    files.push_back({c_string("name", file.name), file.data, file.size});
  }
  return files;
}

template <class Enum>
[[nodiscard]] int32_t to_c(const char* name, std::optional<Enum> from) {
  if (!from) return CHATTERBOX_UNSET;
  return or_unset(name, std::optional(static_cast<int32_t>(*from)));
}

[[nodiscard]] inline int32_t flag_or_unset(const std::optional<bool>& from) {
  if (!from) return CHATTERBOX_UNSET;
  return *from ? 1 : 0;
}

// `files`: those of the options.
[[nodiscard]] inline chatterbox_engine_options to_c(const EngineOptions& from,
                                                    const std::vector<chatterbox_file>& files) {
  auto to = get<chatterbox_engine_options>(chatterbox_engine_options_init);
  to.model = c_string("model", from.model);
  to.files = files.data();
  to.file_count = files.size();
  if (!from.s3gen.empty()) to.s3gen = c_string("s3gen", from.s3gen);
  to.family = to_c("family", from.family);
  to.device = c_string("device", from.device);
  to.precision = to_c("precision", from.precision);
  to.t3_precision = to_c("t3_precision", from.t3_precision);
  to.s3gen_precision = to_c("s3gen_precision", from.s3gen_precision);
  to.kv_cache = to_c("kv_cache", from.kv_cache);
  to.weights = static_cast<int32_t>(from.weights);
  to.threads = or_unset("threads", from.threads);
  to.mode = static_cast<int32_t>(from.mode);
  to.max_batch = or_unset("max_batch", from.max_batch);
  to.max_streams = or_unset("max_streams", from.max_streams);
  to.max_queue = from.max_queue;
  to.max_queue_bytes = from.max_queue_bytes;
  to.memory_limit = or_unset("memory_limit", from.memory_limit);
  to.deterministic = from.deterministic ? 1 : 0;
  to.watermark = static_cast<int32_t>(from.watermark);
  to.log_level = static_cast<int32_t>(from.log_level);
  return to;
}

[[nodiscard]] inline chatterbox_stream_options to_c(const StreamOptions& from) {
  auto to = get<chatterbox_stream_options>(chatterbox_stream_options_init);
  to.chunks = from.chunks.data();
  to.chunk_count = from.chunks.size();
  to.left_tokens = from.left_tokens;
  to.right_tokens = from.right_tokens;
  to.condition_tokens = from.condition_tokens;
  to.halo = static_cast<int32_t>(from.halo);
  to.prompt = static_cast<int32_t>(from.prompt);
  to.slack_tokens = from.slack_tokens;
  return to;
}

// `stream` is filled in, and pointed to.
template <class Asked, class To>
void copy_common(const Asked& from, To& to, chatterbox_stream_options& stream) {
  if (from.voice) {
    to.voice = from.voice->handle();
    if (to.voice == nullptr) {  // which C would take for the model's own voice
      throw Error(Status::kInvalidArgument, "voice must not have been moved from");
    }
  }
  to.has_seed = from.seed ? 1 : 0;
  to.seed = from.seed.value_or(0);
  to.cfm_steps = or_unset("cfm_steps", from.cfm_steps);
  to.cfg_steps = or_unset("cfg_steps", from.cfg_steps);
  to.priority = from.priority;
  to.client = from.client;
  to.tag = from.tag;
  if (from.deadline) {
    to.deadline_ms = or_unset("deadline", std::optional<int64_t>(from.deadline->count()));
  }
  to.wait_ms = from.wait_for_room.count();
  to.stream = static_cast<int32_t>(from.stream);
  stream = to_c(from.stream_options);
  to.stream_options = &stream;
  to.noise = to_c("noise", from.noise);
}

[[nodiscard]] inline chatterbox_request to_c(const Request& from,
                                             chatterbox_stream_options& stream) {
  auto to = get<chatterbox_request>(chatterbox_request_init);
  copy_common(from, to, stream);
  to.text = c_string("text", from.text);
  to.language = c_string("language", from.language);
  to.temperature = or_unset("temperature", from.temperature);
  to.cfg_weight = or_unset("cfg_weight", from.cfg_weight);
  to.exaggeration = or_unset("exaggeration", from.exaggeration);
  to.min_p = or_unset("min_p", from.min_p);
  to.top_p = or_unset("top_p", from.top_p);
  to.repetition_penalty = or_unset("repetition_penalty", from.repetition_penalty);
  to.max_new_tokens = or_unset("max_new_tokens", from.max_new_tokens);
  to.top_k = or_unset("top_k", from.top_k);
  to.analyze_alignment = flag_or_unset(from.analyze_alignment);
  to.text_tags = from.text_tags ? 1 : 0;
  to.word_times = from.word_times ? 1 : 0;
  to.block_size = or_unset("block_size", from.block_size);
  to.block_passes = or_unset("block_passes", from.block_passes);
  to.schedule_shift = or_unset("schedule_shift", from.schedule_shift);
  to.early_decoding = or_unset("early_decoding", from.early_decoding);
  to.position_noise = flag_or_unset(from.position_noise);
  to.prior = flag_or_unset(from.prior);
  to.fill_before_end = flag_or_unset(from.fill_before_end);
  to.normalise = flag_or_unset(from.normalise);
  return to;
}

[[nodiscard]] inline chatterbox_conversion to_c(const Conversion& from,
                                                chatterbox_stream_options& stream) {
  auto to = get<chatterbox_conversion>(chatterbox_conversion_init);
  copy_common(from, to, stream);
  to.samples = from.source.samples().data();
  to.frames = from.source.frames();
  to.channels = from.source.channels();
  to.sample_rate = from.source.sample_rate();
  return to;
}

}  // namespace detail
}  // namespace abi1
}  // namespace chatterbox

#endif  // CHATTERBOX_CPP_TO_C_HPP
