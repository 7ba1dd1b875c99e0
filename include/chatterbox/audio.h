/* Audio files: part of <chatterbox/chatterbox.h>, which is to be included. Needs no engine. */
#ifndef CHATTERBOX_AUDIO_H
#define CHATTERBOX_AUDIO_H

#include <chatterbox/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  CHATTERBOX_FORMAT_AUTO = 0,   /* by the name's ending: .wav, .flac, .ogg, .opus, .mp3 */
  CHATTERBOX_FORMAT_WAV = 1,    /* 16-bit PCM */
  CHATTERBOX_FORMAT_FLAC = 2,   /* 16 bit, lossless */
  CHATTERBOX_FORMAT_VORBIS = 3, /* in Ogg */
  CHATTERBOX_FORMAT_OPUS = 4,   /* in Ogg; 8, 12, 16, 24 or 48 kHz */
  CHATTERBOX_FORMAT_MP3 = 5     /* 1 or 2 channels, 8 to 48 kHz */
};

/* ---- Reading --------------------------------------------------------------------------------- */

/* Reads an audio file and stores its samples as a new handle, which the caller ends with
 * chatterbox_audio_destroy(). WAV (PCM of 8, 16, 24 or 32 bit, float of 32 or 64 bit), FLAC, Ogg
 * Vorbis, Opus or MP3, told apart by their first bytes; 1 to 8 channels, 8000 to 192000 Hz, 10
 * minutes at most. NOT_FOUND, IO: the file cannot be read. BAD_AUDIO: it is none of these, outside
 * the limits, damaged or cut off. */
CHATTERBOX_API chatterbox_status chatterbox_audio_read(const char* path, chatterbox_audio** audio);

/* The same from the `size` bytes of such a file. */
CHATTERBOX_API chatterbox_status chatterbox_audio_decode(const void* data, uint64_t size,
                                                         chatterbox_audio** audio);

/* The samples: interleaved, nominally in [-1, 1], frame count times channels of them. They belong
 * to the handle and are valid until it is destroyed. NULL where `audio` is NULL. Never fails. */
CHATTERBOX_API const float* chatterbox_audio_samples(const chatterbox_audio* audio);

/* Samples of one channel; 0 where `audio` is NULL. Never fails. */
CHATTERBOX_API uint64_t chatterbox_audio_frame_count(const chatterbox_audio* audio);

/* How many channels; 0 where `audio` is NULL. Never fails. */
CHATTERBOX_API int32_t chatterbox_audio_channels(const chatterbox_audio* audio);

/* In Hz; 0 where `audio` is NULL. Never fails. */
CHATTERBOX_API int32_t chatterbox_audio_sample_rate(const chatterbox_audio* audio);

/* Frees the samples. NULL does nothing. */
CHATTERBOX_API void chatterbox_audio_destroy(chatterbox_audio* audio);

/* ---- Writing --------------------------------------------------------------------------------- */

/* Writes an audio file, replacing what is there in one step; samples beyond [-1, 1] are clipped.
 * `format`: CHATTERBOX_FORMAT_... `samples`: interleaved, `frames` times `channels` of them, at
 * least one; they stay the caller's. `channels`: 1 to 8. `sample_rate`: 8000 to 192000 Hz; a format
 * may allow less. INVALID_ARGUMENT: a value out of range, an ending that says no format, more
 * samples than such a file can have, or one that is not a number. IO: the file cannot be written.
 */
CHATTERBOX_API chatterbox_status chatterbox_audio_write(const char* path, int32_t format,
                                                        const float* samples, uint64_t frames,
                                                        int32_t channels, int32_t sample_rate);

/* The same, and stores the file's bytes as a new buffer, which the caller ends with
 * chatterbox_buffer_destroy(). `format` must not be CHATTERBOX_FORMAT_AUTO. */
CHATTERBOX_API chatterbox_status chatterbox_audio_encode(int32_t format, const float* samples,
                                                         uint64_t frames, int32_t channels,
                                                         int32_t sample_rate,
                                                         chatterbox_buffer** buffer);

/* ---- A file that grows ----------------------------------------------------------------------- */

/* Gets bytes of a file, in order: they belong to the library and are valid during the call. Returns
 * 0 to go on; with another value the writer's functions fail with IO. */
typedef int32_t (*chatterbox_bytes_callback)(const void* data, uint64_t size, void* user_data);

/* Stores a new writer, which the caller ends with chatterbox_audio_writer_destroy(). The first
 * samples replace what is there at `path`. What was written stays, and is a whole file, wherever
 * the speech ends. `format`, `channels`, `sample_rate`: as chatterbox_audio_write()'s; its errors.
 */
CHATTERBOX_API chatterbox_status chatterbox_audio_writer_create(const char* path, int32_t format,
                                                                int32_t channels,
                                                                int32_t sample_rate,
                                                                chatterbox_audio_writer** writer);

/* The same to a callback, for pipes and sockets: nothing is written twice, and a WAV file's header
 * tells no size. `on_bytes` is called on the thread that calls the writer's functions; it and
 * `user_data` must stay until the writer is destroyed. `format` must not be
 * CHATTERBOX_FORMAT_AUTO. */
CHATTERBOX_API chatterbox_status chatterbox_audio_writer_create_for_callback(
    chatterbox_bytes_callback on_bytes, void* user_data, int32_t format, int32_t channels,
    int32_t sample_rate, chatterbox_audio_writer** writer);

/* Appends samples: interleaved, `frames` times the writer's channels of them. To be called by one
 * thread at a time, as the next. INVALID_ARGUMENT: a sample that is not a number, more than such a
 * file can have, or a writer that is finished. IO: it cannot be written. */
CHATTERBOX_API chatterbox_status chatterbox_audio_writer_write(chatterbox_audio_writer* writer,
                                                               const float* samples,
                                                               uint64_t frames);

/* Completes the file; a second time does nothing. IO: it cannot be written. */
CHATTERBOX_API chatterbox_status chatterbox_audio_writer_finish(chatterbox_audio_writer* writer);

/* Completes the file where that was not done, without telling of errors, and frees the writer. NULL
 * does nothing. */
CHATTERBOX_API void chatterbox_audio_writer_destroy(chatterbox_audio_writer* writer);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_AUDIO_H */
