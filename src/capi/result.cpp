#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/structs.h"

using chatterbox::capi::guard;
using chatterbox::capi::require;

const float* chatterbox_result_samples(const chatterbox_result* result) {
  return result == nullptr ? nullptr : result->result->audio.samples.data();
}

uint64_t chatterbox_result_sample_count(const chatterbox_result* result) {
  return result == nullptr ? 0 : result->result->audio.samples.size();
}

int32_t chatterbox_result_sample_rate(const chatterbox_result* result) {
  return result == nullptr ? 0 : result->result->audio.sample_rate;
}

chatterbox_status chatterbox_result_get_stats(const chatterbox_result* result,
                                              chatterbox_result_stats* stats, size_t size) {
  return guard([&] {
    require("stats", stats);
    chatterbox::capi::write_struct("chatterbox_result_stats", {}, stats, size);
    require("result", result);
    const chatterbox::Result& from = *result->result;
    chatterbox_result_stats to{};
    to.finish_reason = static_cast<int32_t>(from.finish_reason);
    to.seed = from.seed;
    to.text_tokens = from.text_tokens;
    to.speech_tokens = from.speech_tokens;
    to.decode_steps = from.decode_steps;
    to.queued_seconds = from.timings.queued;
    to.text_seconds = from.timings.text;
    to.prefill_seconds = from.timings.prefill;
    to.decode_seconds = from.timings.decode;
    to.flow_seconds = from.timings.flow;
    to.vocoder_seconds = from.timings.vocoder;
    to.total_seconds = from.timings.total;
    chatterbox::capi::write_struct("chatterbox_result_stats", to, stats, size);
  });
}

chatterbox_status chatterbox_result_get_quality(const chatterbox_result* result,
                                                chatterbox_quality* quality, size_t size) {
  return guard([&] {
    require("quality", quality);
    chatterbox::capi::write_struct("chatterbox_quality", {}, quality, size);
    require("result", result);
    const chatterbox::Quality& from = result->result->quality;
    chatterbox_quality to{};
    to.peak = from.peak;
    to.clipped_samples = from.clipped_samples;
    to.longest_repetition = from.longest_repetition;
    to.interventions = from.interventions.size();
    to.text_coverage = from.text_coverage.value_or(-1.0F);
    chatterbox::capi::write_struct("chatterbox_quality", to, quality, size);
  });
}

chatterbox_status chatterbox_result_get_intervention(const chatterbox_result* result,
                                                     uint64_t index,
                                                     chatterbox_intervention* intervention,
                                                     size_t size) {
  return guard([&] {
    require("intervention", intervention);
    chatterbox::capi::write_struct("chatterbox_intervention", {}, intervention, size);
    require("result", result);
    const auto& interventions = result->result->quality.interventions;
    if (index >= interventions.size()) {
      chatterbox::fail(chatterbox::Status::kInvalidArgument, "index must be below {}, got {}",
                       interventions.size(), index);
    }
    const chatterbox::InterventionSpan& from = interventions[index];
    chatterbox_intervention to{};
    to.kind = static_cast<int32_t>(from.kind);
    to.first_step = from.first_step;
    to.steps = from.steps;
    chatterbox::capi::write_struct("chatterbox_intervention", to, intervention, size);
  });
}

void chatterbox_result_destroy(chatterbox_result* result) { delete result; }
