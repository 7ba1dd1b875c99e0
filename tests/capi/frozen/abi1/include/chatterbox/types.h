/* Handles, callbacks and constants that the other headers share. Include <chatterbox/chatterbox.h>,
 * not this file. */
#ifndef CHATTERBOX_TYPES_H
#define CHATTERBOX_TYPES_H

#include <chatterbox/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An option that is not set: the library's or the family's default applies. */
#define CHATTERBOX_UNSET (-1)
/* A timeout in milliseconds: wait without limit. */
#define CHATTERBOX_FOREVER (-1)

/* ---- Handles --------------------------------------------------------------------------------- */

typedef struct chatterbox_engine chatterbox_engine; /* a loaded model and the thread that runs it */
typedef struct chatterbox_voice chatterbox_voice;   /* how a voice sounds; immutable */
typedef struct chatterbox_job chatterbox_job;       /* a request in progress */
typedef struct chatterbox_result chatterbox_result; /* speech and its statistics; immutable */
typedef struct chatterbox_batch chatterbox_batch;   /* the outcomes of many requests; immutable */
typedef struct chatterbox_audio chatterbox_audio;   /* samples read from a file; immutable */
typedef struct chatterbox_buffer chatterbox_buffer; /* bytes made by the library; immutable */
typedef struct chatterbox_audio_writer chatterbox_audio_writer; /* writes a file as samples come */
typedef struct chatterbox_watermark_detector chatterbox_watermark_detector;

/* ---- Buffers --------------------------------------------------------------------------------- */

/* Returns the bytes, chatterbox_buffer_size() of them. They belong to the buffer and are valid
 * until it is destroyed. NULL if `buffer` is NULL. Never fails. */
CHATTERBOX_API const void* chatterbox_buffer_data(const chatterbox_buffer* buffer);

/* Returns the number of bytes; 0 if `buffer` is NULL. Never fails. */
CHATTERBOX_API uint64_t chatterbox_buffer_size(const chatterbox_buffer* buffer);

/* Frees the bytes. NULL does nothing. */
CHATTERBOX_API void chatterbox_buffer_destroy(chatterbox_buffer* buffer);

/* ---- Log ------------------------------------------------------------------------------------- */

enum {
  CHATTERBOX_LOG_DEBUG = 0,
  CHATTERBOX_LOG_INFO = 1,
  CHATTERBOX_LOG_WARNING = 2,
  CHATTERBOX_LOG_ERROR = 3,
  CHATTERBOX_LOG_OFF = 4
};

/* `level` is one of CHATTERBOX_LOG_DEBUG to CHATTERBOX_LOG_ERROR; `tag` is that of the request that
 * the message is about, or 0 if there is none; `message` is one line without a line break that
 * belongs to the library and is valid during the call. Called from any thread, but never twice at
 * the same time for one engine, from chatterbox_engine_create() until chatterbox_engine_destroy()
 * has returned. Must not call the engine. */
typedef void (*chatterbox_log_callback)(int32_t level, uint64_t tag, const char* message,
                                        void* user_data);

/* ---- Callbacks of requests ------------------------------------------------------------------- */

/* All callbacks of a request receive its `user_data`. They are called one at a time and in order,
 * on the engine's threads unless the comment says otherwise, and never after the request's
 * `on_done`. They should be quick: the engine waits for them. They may submit, cancel and destroy;
 * functions that block fail in them with INVALID_ARGUMENT. Those that return a number must return 0
 * to continue; any other value cancels the request, and a C++ exception that leaves a callback ends
 * the request with INTERNAL. A NULL callback costs nothing. */

/* Which stage a request is in. */
enum {
  CHATTERBOX_STAGE_QUEUED = 0,  /* before the first report */
  CHATTERBOX_STAGE_PREFILL = 1, /* T3 reads the text */
  CHATTERBOX_STAGE_DECODE = 2,  /* T3 draws speech tokens; counts them, out of max_new_tokens */
  CHATTERBOX_STAGE_FLOW = 3,    /* S3Gen makes the mel; counts Euler steps, out of cfm_steps */
  CHATTERBOX_STAGE_VOCODER = 4, /* S3Gen makes the wave */
  CHATTERBOX_STAGE_DONE = 5     /* the last report of a request that succeeded */
};

typedef struct chatterbox_progress {
  uint32_t struct_size; /* bytes that the library filled in */
  int32_t stage;        /* CHATTERBOX_STAGE_... */
  uint64_t tag;         /* the request's */
  int64_t done;         /* see the stages; 0 if nothing is counted */
  int64_t total;        /* see the stages; 0 if nothing is counted */
} chatterbox_progress;

/* `progress` belongs to the library and is valid during the call. */
typedef int32_t (*chatterbox_progress_callback)(const chatterbox_progress* progress,
                                                void* user_data);

enum { CHATTERBOX_TENSOR_FLOAT32 = 0, CHATTERBOX_TENSOR_INT64 = 1 };

/* One tensor of an inner stage, on the host, row-major. All pointers are valid during the call. */
typedef struct chatterbox_tensor {
  uint32_t struct_size; /* bytes that the library filled in */
  int32_t type;         /* CHATTERBOX_TENSOR_... */
  uint64_t tag;         /* the request's */
  const char* name;     /* "t3.tokens", "s3gen.mel", ... */
  const int64_t* shape; /* [rank]; NULL if rank is 0 */
  uint64_t rank;
  const void* data;
} chatterbox_tensor;

/* Receives the tensors of the inner stages, for finding where two implementations differ. `tensor`
 * belongs to the library and is valid during the call. */
typedef int32_t (*chatterbox_tensor_callback)(const chatterbox_tensor* tensor, void* user_data);

/* When a word is spoken: a part of the text between white space that has more than punctuation. */
typedef struct chatterbox_word {
  uint32_t struct_size; /* bytes that the library filled in */
  int32_t reserved;     /* 0 */
  uint64_t text_begin;  /* its bytes in the whole text, with the punctuation on its sides */
  uint64_t text_end;
  double begin_seconds; /* in the whole speech; words follow each other, and one that was passed
                         * over begins when it ends */
  double end_seconds;
} chatterbox_word;

/* Receives samples that are final, in order: mono, 24 kHz, nominally in [-1, 1]. They belong to the
 * library and are valid during the call. */
typedef int32_t (*chatterbox_audio_callback)(uint64_t tag, const float* samples, uint64_t count,
                                             void* user_data);

/* Called exactly once for every accepted request, however it ends, when its result or failure can
 * be read: chatterbox_job_wait() no longer blocks, and on another thread may return before this
 * callback does. Not called for a refused request, except in a batch, where it is called for every
 * request. May run on the thread that cancels the request or destroys the engine. */
typedef void (*chatterbox_done_callback)(uint64_t tag, chatterbox_status status, void* user_data);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_TYPES_H */
