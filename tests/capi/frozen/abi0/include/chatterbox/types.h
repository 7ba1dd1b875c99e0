/* Handles, callbacks and words that all parts share: part of <chatterbox/chatterbox.h>, which is to
 * be included. */
#ifndef CHATTERBOX_TYPES_H
#define CHATTERBOX_TYPES_H

#include <chatterbox/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An option that is not given: the library's choice, or the family's. */
#define CHATTERBOX_UNSET (-1)
/* Milliseconds to wait: without limit. */
#define CHATTERBOX_FOREVER (-1)

/* ---- Handles --------------------------------------------------------------------------------- */

typedef struct chatterbox_engine chatterbox_engine; /* a loaded model and the thread that runs it */
typedef struct chatterbox_voice chatterbox_voice;   /* how a voice sounds; immutable */
typedef struct chatterbox_job chatterbox_job;       /* a request on its way */
typedef struct chatterbox_result chatterbox_result; /* speech and its statistics; immutable */
typedef struct chatterbox_batch chatterbox_batch;   /* what became of many requests; immutable */
typedef struct chatterbox_audio chatterbox_audio;   /* samples that were read; immutable */
typedef struct chatterbox_buffer chatterbox_buffer; /* bytes that were made; immutable */
typedef struct chatterbox_audio_writer chatterbox_audio_writer; /* an audio file that grows */
typedef struct chatterbox_watermark_detector chatterbox_watermark_detector;

/* ---- Buffers --------------------------------------------------------------------------------- */

/* The bytes, chatterbox_buffer_size() of them. They belong to the buffer and are valid until it is
 * destroyed. NULL where `buffer` is NULL. Never fails. */
CHATTERBOX_API const void* chatterbox_buffer_data(const chatterbox_buffer* buffer);

/* How many bytes; 0 where `buffer` is NULL. Never fails. */
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
 * the message is about, 0 where it is about none; `message` is one line without its end that
 * belongs to the library and is valid during the call. Called from any thread, never twice at the
 * same time for one engine, from chatterbox_engine_create() on until chatterbox_engine_destroy()
 * has returned. Must not call the engine. */
typedef void (*chatterbox_log_callback)(int32_t level, uint64_t tag, const char* message,
                                        void* user_data);

/* ---- Callbacks of requests ------------------------------------------------------------------- */

/* Of one request, all get the request's `user_data`, are called one at a time and in order, on the
 * engine's threads unless the comment says otherwise, and never after the request's `on_done`. They
 * should be quick: the engine waits for them. They may submit, cancel and destroy; functions that
 * block fail in them with INVALID_ARGUMENT. Those that return a number return 0 to go on; another
 * value cancels the request, and a C++ exception that leaves one ends it with INTERNAL. They cost
 * nothing where they are NULL. */

/* What a request is at. */
enum {
  CHATTERBOX_STAGE_QUEUED = 0,  /* before the first report */
  CHATTERBOX_STAGE_PREFILL = 1, /* T3 reads the text */
  CHATTERBOX_STAGE_DECODE = 2,  /* T3 draws speech tokens; counts tokens of max_new_tokens */
  CHATTERBOX_STAGE_FLOW = 3,    /* S3Gen's mel; counts Euler steps of cfm_steps */
  CHATTERBOX_STAGE_VOCODER = 4, /* the wave */
  CHATTERBOX_STAGE_DONE = 5     /* the last report of a request that succeeded */
};

typedef struct chatterbox_progress {
  uint32_t struct_size; /* bytes that the library filled in */
  int32_t stage;        /* CHATTERBOX_STAGE_... */
  uint64_t tag;         /* the request's */
  int64_t done;         /* see the stages; 0 where nothing is counted */
  int64_t total;        /* see the stages; 0 where nothing is counted */
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
  const int64_t* shape; /* [rank]; NULL where rank is 0 */
  uint64_t rank;
  const void* data;
} chatterbox_tensor;

/* Hands out the tensors of the inner stages, for finding where two implementations differ. `tensor`
 * belongs to the library and is valid during the call. */
typedef int32_t (*chatterbox_tensor_callback)(const chatterbox_tensor* tensor, void* user_data);

/* Gets samples that are final, in order: mono, 24 kHz, nominally in [-1, 1]; they belong to the
 * library and are valid during the call. */
typedef int32_t (*chatterbox_audio_callback)(uint64_t tag, const float* samples, uint64_t count,
                                             void* user_data);

/* Called exactly once for every request that was accepted, whatever its end, when its result or its
 * failure is there to be read: chatterbox_job_wait() does not block any more, and on another thread
 * may return before this callback does. Not called for a request that was refused, but for one of a
 * batch, where every request has its end. May run on the thread that cancels the request or
 * destroys the engine. */
typedef void (*chatterbox_done_callback)(uint64_t tag, chatterbox_status status, void* user_data);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_TYPES_H */
