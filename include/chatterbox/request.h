/* Asking an engine to speak: part of <chatterbox/chatterbox.h>, which is to be included. */
#ifndef CHATTERBOX_REQUEST_H
#define CHATTERBOX_REQUEST_H

#include <chatterbox/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- One text -------------------------------------------------------------------------------- */

/* A numeric option that is unset is the family's own: see chatterbox_engine_info. */
typedef struct chatterbox_request {
  uint32_t struct_size; /* set by chatterbox_request_init() */
  int32_t has_seed;     /* 0 (default): the engine picks a seed and reports it; 1: `seed` */
  uint64_t seed;        /* the same seed gives the same samples; default 0 */
  const char* text;     /* UTF-8, not blank, at most 10000 bytes; default NULL, must be set */
  const char* language; /* one of chatterbox_engine_language()'s, in any case; must be set for a
                         * multilingual model, and be NULL (default) or "" for another */
  const chatterbox_voice* voice; /* default NULL: the model's own */
  float temperature;             /* 0 (greedy), or 0.05 to 5 */
  /* The next three are without effect in Turbo and Nano. */
  float cfg_weight;         /* guidance by the text, 0 (none, half the work) to 5 */
  float exaggeration;       /* of the emotion, 0 to 2 */
  float min_p;              /* least probability, relative to the likeliest, 0 to 1 */
  float top_p;              /* probability mass to draw from, above 0, to 1 */
  float repetition_penalty; /* 0.5 to 5, 1: none */
  int32_t max_new_tokens;   /* speech tokens, 25 a second, 1 to 4096 */
  int32_t cfm_steps;        /* Euler steps of the flow, 1 to 100 */
  int32_t top_k;            /* tokens to draw from, 0 (all) to 10000; other than 0 in Turbo and Nano
                             * only */
  int32_t analyze_alignment; /* 1: watch what T3 attends to in the text, and step in where it would
                              * end early or not at all (see chatterbox_intervention), which changes
                              * the speech; only a model of the official size has what is watched.
                              * 0: do not */
  int32_t text_tags;         /* 1: tags in the text, such as [laughter], are tokens of the
                              * multilingual models; 0 (default): they are text. Those of Turbo and
                              * Nano always are */
  /* How it is run. */
  int32_t priority;    /* -100 to 100; of what waits, the highest starts first; default 0 */
  uint64_t client;     /* of equal priority, clients are served in turn; default 0, which is one of
                        * them */
  uint64_t tag;        /* the caller's own, for callbacks and log lines; default 0 */
  int64_t deadline_ms; /* from submission, 1 or more; what is not done by then ends with
                        * DEADLINE_EXCEEDED within a step, and never starts where it still waits;
                        * unset (default): none */
  int64_t wait_ms;  /* for room in the queue, 0 or more, or CHATTERBOX_FOREVER; BUSY where there is
                     * none by then. Of chatterbox_engine_submit() and its like; functions that
                     * block for the result wait for room as long as it takes. Default 0 */
  int32_t stream;   /* 1: the samples are taken from chatterbox_job_next(), and the result has
                     * none; not with `on_audio`, nor in a function that blocks for the result.
                     * 0 (default): the result has them */
  int32_t reserved; /* 0 */
  chatterbox_progress_callback on_progress; /* default NULL */
  chatterbox_tensor_callback on_tensor;     /* default NULL */
  chatterbox_audio_callback on_audio;       /* gets the samples, and the result has none; default
                                             * NULL. One text is handed out in one go when it is
                                             * spoken, a long text piece by piece */
  chatterbox_done_callback on_done;         /* default NULL */
  void* user_data;                          /* handed to the callbacks; default NULL */
  int32_t cfg_steps;  /* of the Euler steps, the first ones, 0 to cfm_steps, have guidance, which
                       * takes twice the work; unset (default): all. Must be unset for a mean flow,
                       * which takes no guidance (see chatterbox_engine_info) */
  int32_t reserved_2; /* 0 */
} chatterbox_request;

/* Fills in `size` (pass sizeof *request) and the defaults. `text` must be set afterwards. The
 * struct is the caller's. INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_request_init(chatterbox_request* request, size_t size);

/* Checks and queues a request and stores a new job, which the caller ends with
 * chatterbox_job_destroy(). Blocks for `wait_ms` at most. Text and voice may be freed at once; what
 * `user_data` points to must stay until `on_done` has returned or, where there is none, until the
 * job is done. INVALID_ARGUMENT: a value out of range, or a request that no row of the KV cache
 * could hold (see chatterbox_limits). NOT_FOUND: no voice given and the model has none. BUSY: the
 * queue is full, or the engine is draining. DEVICE_LOST: the engine is not healthy. */
CHATTERBOX_API chatterbox_status chatterbox_engine_submit(chatterbox_engine* engine,
                                                          const chatterbox_request* request,
                                                          chatterbox_job** job);

/* Speaks and stores a new result, which the caller ends with chatterbox_result_destroy(). Blocks
 * until the result is there and `on_done` has returned: no callback is called afterwards, as with
 * all functions that block for a result. The errors of chatterbox_engine_submit(), but for a full
 * queue, and of chatterbox_job_wait(). */
CHATTERBOX_API chatterbox_status chatterbox_engine_generate(chatterbox_engine* engine,
                                                            const chatterbox_request* request,
                                                            chatterbox_result** result);

/* ---- Many texts ------------------------------------------------------------------------------ */

/* Speaks `count` requests and stores what became of them as a new handle, which the caller ends
 * with chatterbox_batch_destroy(). Blocks until all are done. There may be more requests than
 * max_queue: they wait outside the queue and leave room for others'. `requests`: pointers to
 * `count` requests, read as by chatterbox_engine_submit(); may be NULL where `count` is 0. OK
 * whatever became of the requests: one that is refused or fails, a NULL pointer among them, takes
 * no other along, and chatterbox_batch_get_result() has its status. */
CHATTERBOX_API chatterbox_status chatterbox_engine_generate_batch(
    chatterbox_engine* engine, const chatterbox_request* const* requests, uint64_t count,
    chatterbox_batch** batch);

/* How many requests the batch had; 0 where `batch` is NULL. Never fails. */
CHATTERBOX_API uint64_t chatterbox_batch_size(const chatterbox_batch* batch);

/* Stores the result of request `index`, counted from 0 as they were given, as a new handle, which
 * the caller ends with chatterbox_result_destroy(); it outlives the batch. Where the request was
 * refused or has failed, the status is that of chatterbox_engine_submit() or chatterbox_job_wait(),
 * and chatterbox_last_error() is about it. INVALID_ARGUMENT: also an index that is too large. */
CHATTERBOX_API chatterbox_status chatterbox_batch_get_result(const chatterbox_batch* batch,
                                                             uint64_t index,
                                                             chatterbox_result** result);

/* Frees the batch, not the results that were taken from it. NULL does nothing. */
CHATTERBOX_API void chatterbox_batch_destroy(chatterbox_batch* batch);

/* ---- Long texts ------------------------------------------------------------------------------ */

/* A part of a long text that is spoken in one go. */
typedef struct chatterbox_piece {
  uint32_t struct_size; /* bytes that the library filled in */
  int32_t reserved;     /* 0 */
  uint64_t tag;         /* the request's */
  uint64_t index;       /* from 0 */
  uint64_t count;       /* of the whole text */
  uint64_t text_begin;  /* its place in the text: byte of its beginning, ... */
  uint64_t text_end;    /* ... and the byte after its end */
  double begin_seconds; /* its place in the speech */
  double end_seconds;
} chatterbox_piece;

/* Called as the request's callbacks when the samples of a piece are final, after `on_audio`.
 * `piece` belongs to the library and is valid during the call. */
typedef int32_t (*chatterbox_piece_callback)(const chatterbox_piece* piece, void* user_data);

/* How the pieces of a long text are joined. */
typedef struct chatterbox_long_text_options {
  uint32_t struct_size;               /* set by chatterbox_long_text_options_init() */
  int32_t reserved;                   /* 0 */
  double pause_seconds;               /* of silence between two pieces, 0 to 10; default 0.15 */
  chatterbox_piece_callback on_piece; /* gets the request's `user_data`; default NULL */
} chatterbox_long_text_options;

/* Fills in `size` (pass sizeof *options) and the defaults. The struct is the caller's.
 * INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status
chatterbox_long_text_options_init(chatterbox_long_text_options* options, size_t size);

/* Queues a text of any length up to 16 MB and stores one new job for it, which the caller ends with
 * chatterbox_job_destroy(). The text is split at sentences, "[pause:500ms]" and "[pause:1.5s]" are
 * silence, up to 10 s; many pieces are spoken at a time, all with the request's seed, and they wait
 * outside the queue for their turn. Counts and times of the result are sums, but for the total
 * time, and interventions are left out; chatterbox_result_get_piece() tells the pieces.
 * `on_progress` counts speech tokens of the pieces that are done, `on_tensor` is not called. The
 * callbacks may also be called on a thread that is in this function or in chatterbox_job_next(). A
 * piece that fails ends all. A reader that does not take its samples holds up this job and no
 * other. `options` may be NULL: the defaults. The errors of chatterbox_engine_submit(). */
CHATTERBOX_API chatterbox_status
chatterbox_engine_submit_long(chatterbox_engine* engine, const chatterbox_request* request,
                              const chatterbox_long_text_options* options, chatterbox_job** job);

/* The same, and stores a new result, which the caller ends with chatterbox_result_destroy(). Blocks
 * until the end. */
CHATTERBOX_API chatterbox_status chatterbox_engine_generate_long(
    chatterbox_engine* engine, const chatterbox_request* request,
    const chatterbox_long_text_options* options, chatterbox_result** result);

/* ---- Voice conversion ------------------------------------------------------------------------ */

/* Speech to be spoken by another voice: its words and its timing stay. What is not explained is as
 * in chatterbox_request. */
typedef struct chatterbox_conversion {
  uint32_t struct_size; /* set by chatterbox_conversion_init() */
  int32_t has_seed;
  uint64_t seed;
  const float* samples; /* interleaved, nominally in [-1, 1]; default NULL, must be set */
  uint64_t frames;      /* 0.1 s to 10 minutes; default 0, must be set */
  int32_t channels;     /* 1 to 8, averaged; default 1 */
  int32_t sample_rate;  /* 8000 to 192000 Hz; default 0, must be set */
  const chatterbox_voice* voice;
  int32_t cfm_steps;
  int32_t priority;
  uint64_t client;
  uint64_t tag;
  int64_t deadline_ms;
  int64_t wait_ms;
  int32_t stream;
  int32_t reserved; /* 0 */
  chatterbox_progress_callback on_progress;
  chatterbox_tensor_callback on_tensor;
  chatterbox_audio_callback on_audio;
  chatterbox_done_callback on_done;
  void* user_data;
  int32_t cfg_steps;
  int32_t reserved_2; /* 0 */
} chatterbox_conversion;

/* Fills in `size` (pass sizeof *conversion) and the defaults. The struct is the caller's.
 * INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_conversion_init(chatterbox_conversion* conversion,
                                                            size_t size);

/* Checks and queues a conversion and stores a new job, which the caller ends with
 * chatterbox_job_destroy(). Blocks for `wait_ms` at most. The source may be freed at once. The
 * errors of chatterbox_engine_submit(). BAD_AUDIO: a source outside the limits or with samples that
 * are not finite. */
CHATTERBOX_API chatterbox_status chatterbox_engine_submit_conversion(
    chatterbox_engine* engine, const chatterbox_conversion* conversion, chatterbox_job** job);

/* The same, and stores a new result, which the caller ends with chatterbox_result_destroy(). Blocks
 * until the end. */
CHATTERBOX_API chatterbox_status chatterbox_engine_convert_voice(
    chatterbox_engine* engine, const chatterbox_conversion* conversion, chatterbox_result** result);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_REQUEST_H */
