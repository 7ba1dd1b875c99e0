/* Audio files; they need no engine. Include <chatterbox/chatterbox.h>, not this file. */
#ifndef CHATTERBOX_AUDIO_H
#define CHATTERBOX_AUDIO_H

#include <chatterbox/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  CHATTERBOX_FORMAT_AUTO = 0,   /* by the file name's extension: .wav, .flac, .ogg, .opus, .mp3 */
  CHATTERBOX_FORMAT_WAV = 1,    /* 16-bit PCM */
  CHATTERBOX_FORMAT_FLAC = 2,   /* 16-bit, lossless */
  CHATTERBOX_FORMAT_VORBIS = 3, /* in Ogg */
  CHATTERBOX_FORMAT_OPUS = 4,   /* in Ogg; 8, 12, 16, 24 or 48 kHz */
  CHATTERBOX_FORMAT_MP3 = 5     /* 1 or 2 channels, 8 to 48 kHz */
};

/* ---- Reading --------------------------------------------------------------------------------- */

/* Reads an audio file and stores its samples as a new handle, which the caller must release with
 * chatterbox_audio_destroy(). The file may be WAV (PCM of 8, 16, 24 or 32 bits, float of 32 or 64
 * bits), FLAC, Ogg Vorbis, Opus or MP3, which are told apart by their first bytes; 1 to 8 channels,
 * 8000 to 192000 Hz, at most 10 minutes. NOT_FOUND, IO: the file cannot be read. BAD_AUDIO: the
 * file has another format, is outside the limits, damaged or cut off. */
CHATTERBOX_API chatterbox_status chatterbox_audio_read(const char* path, chatterbox_audio** audio);

/* Reads the same from the `size` bytes of such a file in memory. */
CHATTERBOX_API chatterbox_status chatterbox_audio_decode(const void* data, uint64_t size,
                                                         chatterbox_audio** audio);

/* Returns the samples: interleaved, nominally in [-1, 1], frame count times channels. They belong
 * to the handle and are valid until it is destroyed. NULL if `audio` is NULL. Never fails. */
CHATTERBOX_API const float* chatterbox_audio_samples(const chatterbox_audio* audio);

/* Returns the number of samples per channel; 0 if `audio` is NULL. Never fails. */
CHATTERBOX_API uint64_t chatterbox_audio_frame_count(const chatterbox_audio* audio);

/* Returns the number of channels; 0 if `audio` is NULL. Never fails. */
CHATTERBOX_API int32_t chatterbox_audio_channels(const chatterbox_audio* audio);

/* Returns the sample rate in Hz; 0 if `audio` is NULL. Never fails. */
CHATTERBOX_API int32_t chatterbox_audio_sample_rate(const chatterbox_audio* audio);

/* Frees the samples. NULL does nothing. */
CHATTERBOX_API void chatterbox_audio_destroy(chatterbox_audio* audio);

/* ---- Writing --------------------------------------------------------------------------------- */

/* Writes an audio file, replacing an existing one in one step; samples beyond [-1, 1] are clipped.
 * `format`: CHATTERBOX_FORMAT_... `samples`: interleaved, `frames` times `channels` of them, at
 * least one; the caller keeps them. `channels`: 1 to 8. `sample_rate`: 8000 to 192000 Hz; a format
 * may allow less. INVALID_ARGUMENT: a value out of range, an extension of no known format, more
 * samples than such a file can hold, or a sample that is not a number. IO: the file cannot be
 * written. */
CHATTERBOX_API chatterbox_status chatterbox_audio_write(const char* path, int32_t format,
                                                        const float* samples, uint64_t frames,
                                                        int32_t channels, int32_t sample_rate);

/* Encodes the same file and stores its bytes as a new buffer, which the caller must release with
 * chatterbox_buffer_destroy(). `format` must not be CHATTERBOX_FORMAT_AUTO. */
CHATTERBOX_API chatterbox_status chatterbox_audio_encode(int32_t format, const float* samples,
                                                         uint64_t frames, int32_t channels,
                                                         int32_t sample_rate,
                                                         chatterbox_buffer** buffer);

/* ---- A file that grows ----------------------------------------------------------------------- */

/* Receives the bytes of a file, in order; they belong to the library and are valid during the call.
 * Must return 0 to continue; with any other value the writer's functions fail with IO. */
typedef int32_t (*chatterbox_bytes_callback)(const void* data, uint64_t size, void* user_data);

/* Stores a new writer, which the caller must release with chatterbox_audio_writer_destroy(). The
 * first samples replace an existing file at `path`. Wherever the speech ends, what was written is a
 * complete file. `format`, `channels`, `sample_rate`, errors: as for chatterbox_audio_write(). */
CHATTERBOX_API chatterbox_status chatterbox_audio_writer_create(const char* path, int32_t format,
                                                                int32_t channels,
                                                                int32_t sample_rate,
                                                                chatterbox_audio_writer** writer);

/* Does the same with a callback, for pipes and sockets: no byte is rewritten, so a WAV file's
 * header does not give the size. `on_bytes` is called on the thread that calls the writer's
 * functions; it and `user_data` must stay valid until the writer is destroyed. `format` must not be
 * CHATTERBOX_FORMAT_AUTO. */
CHATTERBOX_API chatterbox_status chatterbox_audio_writer_create_for_callback(
    chatterbox_bytes_callback on_bytes, void* user_data, int32_t format, int32_t channels,
    int32_t sample_rate, chatterbox_audio_writer** writer);

/* Appends samples: interleaved, `frames` times the writer's channels of them. Only one thread at a
 * time may call this function or the next. INVALID_ARGUMENT: a sample that is not a number, more
 * samples than such a file can hold, or a finished writer. IO: the file cannot be written. */
CHATTERBOX_API chatterbox_status chatterbox_audio_writer_write(chatterbox_audio_writer* writer,
                                                               const float* samples,
                                                               uint64_t frames);

/* Completes the file; a second call does nothing. IO: the file cannot be written. */
CHATTERBOX_API chatterbox_status chatterbox_audio_writer_finish(chatterbox_audio_writer* writer);

/* Completes the file if that was not done, ignoring errors, and frees the writer. NULL does
 * nothing. */
CHATTERBOX_API void chatterbox_audio_writer_destroy(chatterbox_audio_writer* writer);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_AUDIO_H */
