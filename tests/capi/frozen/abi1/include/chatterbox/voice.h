/* Voices. Include <chatterbox/chatterbox.h>, not this file. */
#ifndef CHATTERBOX_VOICE_H
#define CHATTERBOX_VOICE_H

#include <chatterbox/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Stores the model's own voice as a new handle, which the caller must release with
 * chatterbox_voice_destroy(). NOT_FOUND: the model has none. */
CHATTERBOX_API chatterbox_status
chatterbox_engine_get_default_voice(const chatterbox_engine* engine, chatterbox_voice** voice);

/* Stores a voice that comes with the model, NAME.voice among its files, as a new handle, which the
 * caller must release with chatterbox_voice_destroy(); demo has "low" and "high". NOT_FOUND: there
 * is none of that name; the message lists those that exist. */
CHATTERBOX_API chatterbox_status chatterbox_engine_get_voice(const chatterbox_engine* engine,
                                                             const char* name,
                                                             chatterbox_voice** voice);

typedef struct chatterbox_voice_options {
  uint32_t struct_size;                 /* set by chatterbox_voice_options_init() */
  int32_t normalise_loudness;           /* 1 (default): Turbo and Nano bring a recording to -27 LUFS
                                         * (ITU-R BS.1770); 0: they take it as it is */
  chatterbox_tensor_callback on_tensor; /* default NULL */
  void* user_data;                      /* passed to `on_tensor`; default NULL */
  double prompt_seconds;                /* how much of the recording's beginning S3Gen continues
                                         * from, 0.5 to 10; all of a shorter one; default 10. S3Gen
                                         * computes the prompt again with every sentence, so a short
                                         * one is faster. Who is speaking is always taken from 10 s */
} chatterbox_voice_options;

/* Fills in `size` (pass sizeof *options) and the defaults. The caller owns the struct.
 * INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_voice_options_init(chatterbox_voice_options* options,
                                                               size_t size);

/* Makes a voice from a recording and stores it as a new handle, which the caller must release with
 * chatterbox_voice_destroy(). Blocks: waits for room in the queue, for its turn, and until the
 * voice is made; running requests continue meanwhile. `samples`: interleaved, nominally in [-1, 1],
 * `frames` times `channels` of them. `frames`: 0.5 s (Turbo and Nano: 5 s) to 10 minutes.
 * `channels`: 1 to 8, averaged to mono. `sample_rate`: 8000 to 192000 Hz. `options` may be NULL for
 * the defaults. INVALID_ARGUMENT: an option out of range. BAD_AUDIO: a recording outside these
 * limits or with samples that are not finite. CANCELLED: the engine was destroyed meanwhile. */
CHATTERBOX_API chatterbox_status chatterbox_engine_make_voice(
    chatterbox_engine* engine, const float* samples, uint64_t frames, int32_t channels,
    int32_t sample_rate, const chatterbox_voice_options* options, chatterbox_voice** voice);

/* Reads a voice that chatterbox_voice_save() wrote, or a conds.pt of the Python package, and stores
 * it as a new handle, which the caller must release with chatterbox_voice_destroy(). Needs no
 * engine. NOT_FOUND, IO: the file cannot be read. BAD_VOICE: the file is not a voice. */
CHATTERBOX_API chatterbox_status chatterbox_voice_load(const char* path, chatterbox_voice** voice);

/* Reads the same from the `size` bytes of such a file in memory. */
CHATTERBOX_API chatterbox_status chatterbox_voice_load_from_memory(const void* data, uint64_t size,
                                                                   chatterbox_voice** voice);

/* Writes the voice to one safetensors file, replacing an existing one in one step. The caller keeps
 * the voice. IO: the file cannot be written. */
CHATTERBOX_API chatterbox_status chatterbox_voice_save(const chatterbox_voice* voice,
                                                       const char* path);

/* Stores the bytes of such a file as a new buffer, which the caller must release with
 * chatterbox_buffer_destroy(). */
CHATTERBOX_API chatterbox_status chatterbox_voice_save_to_memory(const chatterbox_voice* voice,
                                                                 chatterbox_buffer** buffer);

/* Returns 32 hexadecimal digits that are equal for voices of equal content, wherever they came
 * from, and differ for others. The string belongs to the voice. NULL if `voice` is NULL. Never
 * fails. */
CHATTERBOX_API const char* chatterbox_voice_id(const chatterbox_voice* voice);

typedef struct chatterbox_voice_info {
  uint32_t struct_size;  /* bytes that the library filled in */
  int32_t reserved;      /* 0 */
  int64_t prompt_tokens; /* speech tokens that condition T3 */
  int64_t s3gen_tokens;  /* speech tokens that S3Gen continues from, 25 a second */
  int64_t mel_frames;    /* frames of the mel that S3Gen continues from, 50 a second */
} chatterbox_voice_info;

/* Describes a voice. Writes at most `size` bytes (pass sizeof *info) to the caller's struct.
 * INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_voice_get_info(const chatterbox_voice* voice,
                                                           chatterbox_voice_info* info,
                                                           size_t size);

/* Frees the handle. Requests that use the voice continue. NULL does nothing. */
CHATTERBOX_API void chatterbox_voice_destroy(chatterbox_voice* voice);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_VOICE_H */
