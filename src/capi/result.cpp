#include <chatterbox/result.h>

#include "capi/arguments.h"
#include "capi/callbacks.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/structs.h"
#include "capi/word.h"

using chatterbox::capi::describe;

namespace {

template <class Item>
const Item& at(const std::vector<Item>& items, uint64_t index, const char* kind) {
  return chatterbox::capi::item_at(items, index, "result", kind);
}

}  // namespace

const float* chatterbox_result_samples(const chatterbox_result* result) {
  if (result == nullptr || result->result->audio.samples.empty()) return nullptr;
  return result->result->audio.samples.data();
}

uint64_t chatterbox_result_sample_count(const chatterbox_result* result) {
  return result == nullptr ? 0 : result->result->audio.samples.size();
}

int32_t chatterbox_result_sample_rate(const chatterbox_result* result) {
  return result == nullptr ? 0 : result->result->audio.sample_rate;
}

chatterbox_status chatterbox_result_get_stats(const chatterbox_result* result,
                                              chatterbox_result_stats* stats, size_t size) {
  return describe("stats", "result", result, stats, size, [&] {
    const chatterbox::Result& from = *result->result;
    chatterbox_result_stats to{};
    to.finish_reason = static_cast<int32_t>(from.finish_reason);
    to.seed = from.seed;
    to.tag = result->tag;
    to.text_tokens = from.text_tokens;
    to.speech_tokens = from.speech_tokens;
    to.decode_steps = from.decode_steps;
    to.samples = from.samples;
    to.queued_seconds = from.timings.queued;
    to.text_seconds = from.timings.text;
    to.prefill_seconds = from.timings.prefill;
    to.decode_seconds = from.timings.decode;
    to.flow_seconds = from.timings.flow;
    to.vocoder_seconds = from.timings.vocoder;
    to.watermark_seconds = from.timings.watermark;
    to.total_seconds = from.timings.total;
    return to;
  });
}

chatterbox_status chatterbox_result_get_quality(const chatterbox_result* result,
                                                chatterbox_quality* quality, size_t size) {
  return describe("quality", "result", result, quality, size, [&] {
    const chatterbox::Quality& from = result->result->quality;
    chatterbox_quality to{};
    to.peak = from.peak;
    to.clipped_samples = from.clipped_samples;
    to.longest_repetition = from.longest_repetition;
    to.intervention_count = from.interventions.size();
    to.text_coverage = from.text_coverage.value_or(static_cast<float>(CHATTERBOX_UNSET));
    return to;
  });
}

chatterbox_status chatterbox_result_get_intervention(const chatterbox_result* result,
                                                     uint64_t index,
                                                     chatterbox_intervention* intervention,
                                                     size_t size) {
  return describe("intervention", "result", result, intervention, size, [&] {
    const chatterbox::InterventionSpan& from =
        at(result->result->quality.interventions, index, "interventions");
    chatterbox_intervention to{};
    to.kind = static_cast<int32_t>(from.kind);
    to.first_step = from.first_step;
    to.steps = from.steps;
    return to;
  });
}

uint64_t chatterbox_result_piece_count(const chatterbox_result* result) {
  return result == nullptr ? 0 : result->result->pieces.size();
}

chatterbox_status chatterbox_result_get_piece(const chatterbox_result* result, uint64_t index,
                                              chatterbox_piece* piece, size_t size) {
  return describe("piece", "result", result, piece, size, [&] {
    return chatterbox::capi::to_struct(at(result->result->pieces, index, "pieces"), result->tag);
  });
}

uint64_t chatterbox_result_word_count(const chatterbox_result* result) {
  return result == nullptr ? 0 : result->result->words.size();
}

chatterbox_status chatterbox_result_get_word(const chatterbox_result* result, uint64_t index,
                                             chatterbox_word* word, size_t size) {
  return describe("word", "result", result, word, size, [&] {
    return chatterbox::capi::to_struct(at(result->result->words, index, "words"));
  });
}

chatterbox_status chatterbox_result_get_stream_stats(const chatterbox_result* result,
                                                     chatterbox_stream_stats* stats, size_t size) {
  return describe("stats", "result", result, stats, size, [&] {
    const chatterbox::StreamStats& from = result->result->stream;
    chatterbox_stream_stats to{};
    to.first_sound_seconds = from.first_sound;
    to.largest_underrun_seconds = from.largest_underrun;
    to.chunk_count = from.chunks.size();
    return to;
  });
}

chatterbox_status chatterbox_result_get_chunk(const chatterbox_result* result, uint64_t index,
                                              chatterbox_chunk_stats* chunk, size_t size) {
  return describe("chunk", "result", result, chunk, size, [&] {
    const chatterbox::ChunkStats& from = at(result->result->stream.chunks, index, "chunks");
    chatterbox_chunk_stats to{};
    to.first_sample = static_cast<uint64_t>(from.first);
    to.count = static_cast<uint64_t>(from.samples);
    to.seconds = from.seconds;
    return to;
  });
}

void chatterbox_result_destroy(chatterbox_result* result) { delete result; }
