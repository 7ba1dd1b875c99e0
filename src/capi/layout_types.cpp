#include "capi/layout.h"

CHATTERBOX_AT(chatterbox_progress, struct_size, 0);
CHATTERBOX_AT(chatterbox_progress, stage, 4);
CHATTERBOX_AT(chatterbox_progress, tag, 8);
CHATTERBOX_AT(chatterbox_progress, done, 16);
CHATTERBOX_AT(chatterbox_progress, total, 24);
CHATTERBOX_SIZE(chatterbox_progress, 32);

CHATTERBOX_AT(chatterbox_tensor, struct_size, 0);
CHATTERBOX_AT(chatterbox_tensor, type, 4);
CHATTERBOX_AT(chatterbox_tensor, tag, 8);
CHATTERBOX_AT(chatterbox_tensor, name, 16);
CHATTERBOX_AT(chatterbox_tensor, shape, 24);
CHATTERBOX_AT(chatterbox_tensor, rank, 32);
CHATTERBOX_AT(chatterbox_tensor, data, 40);
CHATTERBOX_SIZE(chatterbox_tensor, 48);

CHATTERBOX_AT(chatterbox_voice_options, struct_size, 0);
CHATTERBOX_AT(chatterbox_voice_options, normalise_loudness, 4);
CHATTERBOX_AT(chatterbox_voice_options, on_tensor, 8);
CHATTERBOX_AT(chatterbox_voice_options, user_data, 16);
CHATTERBOX_AT(chatterbox_voice_options, prompt_seconds, 24);
CHATTERBOX_SIZE(chatterbox_voice_options, 32);

CHATTERBOX_AT(chatterbox_voice_info, struct_size, 0);
CHATTERBOX_AT(chatterbox_voice_info, reserved, 4);
CHATTERBOX_AT(chatterbox_voice_info, prompt_tokens, 8);
CHATTERBOX_AT(chatterbox_voice_info, s3gen_tokens, 16);
CHATTERBOX_AT(chatterbox_voice_info, mel_frames, 24);
CHATTERBOX_SIZE(chatterbox_voice_info, 32);

CHATTERBOX_AT(chatterbox_chunk, struct_size, 0);
CHATTERBOX_AT(chatterbox_chunk, sample_rate, 4);
CHATTERBOX_AT(chatterbox_chunk, samples, 8);
CHATTERBOX_AT(chatterbox_chunk, count, 16);
CHATTERBOX_AT(chatterbox_chunk, first_sample, 24);
CHATTERBOX_AT(chatterbox_chunk, first_word, 32);
CHATTERBOX_AT(chatterbox_chunk, word_count, 40);
CHATTERBOX_SIZE(chatterbox_chunk, 48);

CHATTERBOX_AT(chatterbox_word, struct_size, 0);
CHATTERBOX_AT(chatterbox_word, reserved, 4);
CHATTERBOX_AT(chatterbox_word, text_begin, 8);
CHATTERBOX_AT(chatterbox_word, text_end, 16);
CHATTERBOX_AT(chatterbox_word, begin_seconds, 24);
CHATTERBOX_AT(chatterbox_word, end_seconds, 32);
CHATTERBOX_SIZE(chatterbox_word, 40);

CHATTERBOX_AT(chatterbox_heard, struct_size, 0);
CHATTERBOX_AT(chatterbox_heard, reserved, 4);
CHATTERBOX_AT(chatterbox_heard, samples, 8);
CHATTERBOX_AT(chatterbox_heard, pieces, 16);
CHATTERBOX_AT(chatterbox_heard, text_end, 24);
CHATTERBOX_SIZE(chatterbox_heard, 32);

CHATTERBOX_AT(chatterbox_watermark_detector_options, struct_size, 0);
CHATTERBOX_AT(chatterbox_watermark_detector_options, threads, 4);
CHATTERBOX_AT(chatterbox_watermark_detector_options, weights, 8);
CHATTERBOX_SIZE(chatterbox_watermark_detector_options, 16);
