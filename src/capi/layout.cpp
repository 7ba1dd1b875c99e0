// The layout of every released struct, frozen: a member that moves breaks programs that are built
// already.
#include <chatterbox/chatterbox.h>

#include <cstddef>

// Where pointers have 8 bytes; elsewhere the order of the members says the same.
#define CHATTERBOX_AT(type, member, offset) \
  static_assert(sizeof(void*) != 8 || offsetof(type, member) == (offset))
#define CHATTERBOX_SIZE(type, size) static_assert(sizeof(void*) != 8 || sizeof(type) == (size))

CHATTERBOX_AT(chatterbox_progress, struct_size, 0);
CHATTERBOX_AT(chatterbox_progress, stage, 4);
CHATTERBOX_AT(chatterbox_progress, done, 8);
CHATTERBOX_AT(chatterbox_progress, total, 16);
CHATTERBOX_SIZE(chatterbox_progress, 24);

CHATTERBOX_AT(chatterbox_tensor, struct_size, 0);
CHATTERBOX_AT(chatterbox_tensor, type, 4);
CHATTERBOX_AT(chatterbox_tensor, name, 8);
CHATTERBOX_AT(chatterbox_tensor, shape, 16);
CHATTERBOX_AT(chatterbox_tensor, rank, 24);
CHATTERBOX_AT(chatterbox_tensor, data, 32);
CHATTERBOX_SIZE(chatterbox_tensor, 40);

CHATTERBOX_AT(chatterbox_engine_options, struct_size, 0);
CHATTERBOX_AT(chatterbox_engine_options, precision, 4);
CHATTERBOX_AT(chatterbox_engine_options, model, 8);
CHATTERBOX_AT(chatterbox_engine_options, device, 16);
CHATTERBOX_AT(chatterbox_engine_options, threads, 24);
CHATTERBOX_AT(chatterbox_engine_options, max_queue, 28);
CHATTERBOX_AT(chatterbox_engine_options, log, 32);
CHATTERBOX_AT(chatterbox_engine_options, log_user_data, 40);
CHATTERBOX_AT(chatterbox_engine_options, log_level, 48);
CHATTERBOX_AT(chatterbox_engine_options, deterministic, 52);
CHATTERBOX_AT(chatterbox_engine_options, mode, 56);
CHATTERBOX_AT(chatterbox_engine_options, max_batch, 60);
CHATTERBOX_AT(chatterbox_engine_options, memory_limit, 64);
CHATTERBOX_AT(chatterbox_engine_options, family, 72);
CHATTERBOX_AT(chatterbox_engine_options, watermark, 76);
CHATTERBOX_SIZE(chatterbox_engine_options, 80);

CHATTERBOX_AT(chatterbox_engine_info, struct_size, 0);
CHATTERBOX_AT(chatterbox_engine_info, sample_rate, 4);
CHATTERBOX_AT(chatterbox_engine_info, family, 8);
CHATTERBOX_AT(chatterbox_engine_info, model, 16);
CHATTERBOX_AT(chatterbox_engine_info, device, 24);
CHATTERBOX_AT(chatterbox_engine_info, precision, 32);
CHATTERBOX_AT(chatterbox_engine_info, parameters, 40);
CHATTERBOX_AT(chatterbox_engine_info, weight_bytes, 48);
CHATTERBOX_AT(chatterbox_engine_info, max_text_tokens, 56);
CHATTERBOX_AT(chatterbox_engine_info, kv_bytes_per_position, 64);
CHATTERBOX_AT(chatterbox_engine_info, load_seconds, 72);
CHATTERBOX_AT(chatterbox_engine_info, has_default_voice, 80);
CHATTERBOX_AT(chatterbox_engine_info, watermark, 84);
CHATTERBOX_AT(chatterbox_engine_info, languages, 88);
CHATTERBOX_SIZE(chatterbox_engine_info, 96);

CHATTERBOX_AT(chatterbox_capacity, struct_size, 0);
CHATTERBOX_AT(chatterbox_capacity, reserved, 4);
CHATTERBOX_AT(chatterbox_capacity, rows, 8);
CHATTERBOX_AT(chatterbox_capacity, positions, 16);
CHATTERBOX_AT(chatterbox_capacity, row_bytes, 24);
CHATTERBOX_AT(chatterbox_capacity, cache_bytes, 32);
CHATTERBOX_AT(chatterbox_capacity, batch_frames, 40);
CHATTERBOX_AT(chatterbox_capacity, rows_in_use, 48);
CHATTERBOX_AT(chatterbox_capacity, peak_rows, 56);
CHATTERBOX_AT(chatterbox_capacity, running, 64);
CHATTERBOX_AT(chatterbox_capacity, waiting, 72);
CHATTERBOX_AT(chatterbox_capacity, prefix_bytes, 80);
CHATTERBOX_AT(chatterbox_capacity, prefix_hits, 88);
CHATTERBOX_AT(chatterbox_capacity, prefix_misses, 96);
CHATTERBOX_AT(chatterbox_capacity, prefix_positions_saved, 104);
CHATTERBOX_SIZE(chatterbox_capacity, 112);

CHATTERBOX_AT(chatterbox_voice_options, struct_size, 0);
CHATTERBOX_AT(chatterbox_voice_options, normalise_loudness, 4);
CHATTERBOX_AT(chatterbox_voice_options, on_tensor, 8);
CHATTERBOX_AT(chatterbox_voice_options, tensor_user_data, 16);
CHATTERBOX_SIZE(chatterbox_voice_options, 24);

CHATTERBOX_AT(chatterbox_voice_info, struct_size, 0);
CHATTERBOX_AT(chatterbox_voice_info, reserved, 4);
CHATTERBOX_AT(chatterbox_voice_info, prompt_tokens, 8);
CHATTERBOX_AT(chatterbox_voice_info, s3gen_tokens, 16);
CHATTERBOX_AT(chatterbox_voice_info, mel_frames, 24);
CHATTERBOX_SIZE(chatterbox_voice_info, 32);

CHATTERBOX_AT(chatterbox_request, struct_size, 0);
CHATTERBOX_AT(chatterbox_request, has_seed, 4);
CHATTERBOX_AT(chatterbox_request, seed, 8);
CHATTERBOX_AT(chatterbox_request, text, 16);
CHATTERBOX_AT(chatterbox_request, voice, 24);
CHATTERBOX_AT(chatterbox_request, temperature, 32);
CHATTERBOX_AT(chatterbox_request, cfg_weight, 36);
CHATTERBOX_AT(chatterbox_request, exaggeration, 40);
CHATTERBOX_AT(chatterbox_request, min_p, 44);
CHATTERBOX_AT(chatterbox_request, top_p, 48);
CHATTERBOX_AT(chatterbox_request, repetition_penalty, 52);
CHATTERBOX_AT(chatterbox_request, max_new_tokens, 56);
CHATTERBOX_AT(chatterbox_request, cfm_steps, 60);
CHATTERBOX_AT(chatterbox_request, on_progress, 64);
CHATTERBOX_AT(chatterbox_request, progress_user_data, 72);
CHATTERBOX_AT(chatterbox_request, on_tensor, 80);
CHATTERBOX_AT(chatterbox_request, tensor_user_data, 88);
CHATTERBOX_AT(chatterbox_request, analyze_alignment, 96);
CHATTERBOX_AT(chatterbox_request, top_k, 100);
CHATTERBOX_AT(chatterbox_request, language, 104);
CHATTERBOX_AT(chatterbox_request, text_tags, 112);
CHATTERBOX_AT(chatterbox_request, reserved, 116);
CHATTERBOX_SIZE(chatterbox_request, 120);

CHATTERBOX_AT(chatterbox_long_text_options, struct_size, 0);
CHATTERBOX_AT(chatterbox_long_text_options, reserved, 4);
CHATTERBOX_AT(chatterbox_long_text_options, pause, 8);
CHATTERBOX_AT(chatterbox_long_text_options, on_samples, 16);
CHATTERBOX_AT(chatterbox_long_text_options, samples_user_data, 24);
CHATTERBOX_AT(chatterbox_long_text_options, is_cancelled, 32);
CHATTERBOX_AT(chatterbox_long_text_options, cancelled_user_data, 40);
CHATTERBOX_SIZE(chatterbox_long_text_options, 48);

CHATTERBOX_AT(chatterbox_conversion, struct_size, 0);
CHATTERBOX_AT(chatterbox_conversion, has_seed, 4);
CHATTERBOX_AT(chatterbox_conversion, seed, 8);
CHATTERBOX_AT(chatterbox_conversion, samples, 16);
CHATTERBOX_AT(chatterbox_conversion, frames, 24);
CHATTERBOX_AT(chatterbox_conversion, channels, 32);
CHATTERBOX_AT(chatterbox_conversion, sample_rate, 36);
CHATTERBOX_AT(chatterbox_conversion, voice, 40);
CHATTERBOX_AT(chatterbox_conversion, cfm_steps, 48);
CHATTERBOX_AT(chatterbox_conversion, reserved, 52);
CHATTERBOX_AT(chatterbox_conversion, on_progress, 56);
CHATTERBOX_AT(chatterbox_conversion, progress_user_data, 64);
CHATTERBOX_AT(chatterbox_conversion, on_tensor, 72);
CHATTERBOX_AT(chatterbox_conversion, tensor_user_data, 80);
CHATTERBOX_SIZE(chatterbox_conversion, 88);

CHATTERBOX_AT(chatterbox_intervention, struct_size, 0);
CHATTERBOX_AT(chatterbox_intervention, kind, 4);
CHATTERBOX_AT(chatterbox_intervention, first_step, 8);
CHATTERBOX_AT(chatterbox_intervention, steps, 16);
CHATTERBOX_SIZE(chatterbox_intervention, 24);

CHATTERBOX_AT(chatterbox_quality, struct_size, 0);
CHATTERBOX_AT(chatterbox_quality, peak, 4);
CHATTERBOX_AT(chatterbox_quality, clipped_samples, 8);
CHATTERBOX_AT(chatterbox_quality, longest_repetition, 16);
CHATTERBOX_AT(chatterbox_quality, interventions, 24);
CHATTERBOX_AT(chatterbox_quality, text_coverage, 32);
CHATTERBOX_AT(chatterbox_quality, reserved, 36);
CHATTERBOX_SIZE(chatterbox_quality, 40);

CHATTERBOX_AT(chatterbox_result_stats, struct_size, 0);
CHATTERBOX_AT(chatterbox_result_stats, finish_reason, 4);
CHATTERBOX_AT(chatterbox_result_stats, seed, 8);
CHATTERBOX_AT(chatterbox_result_stats, text_tokens, 16);
CHATTERBOX_AT(chatterbox_result_stats, speech_tokens, 24);
CHATTERBOX_AT(chatterbox_result_stats, decode_steps, 32);
CHATTERBOX_AT(chatterbox_result_stats, queued_seconds, 40);
CHATTERBOX_AT(chatterbox_result_stats, text_seconds, 48);
CHATTERBOX_AT(chatterbox_result_stats, prefill_seconds, 56);
CHATTERBOX_AT(chatterbox_result_stats, decode_seconds, 64);
CHATTERBOX_AT(chatterbox_result_stats, flow_seconds, 72);
CHATTERBOX_AT(chatterbox_result_stats, vocoder_seconds, 80);
CHATTERBOX_AT(chatterbox_result_stats, total_seconds, 88);
CHATTERBOX_SIZE(chatterbox_result_stats, 96);
