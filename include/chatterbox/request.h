/* Requests: asking an engine to speak. Include <chatterbox/chatterbox.h>, not this file. */
#ifndef CHATTERBOX_REQUEST_H
#define CHATTERBOX_REQUEST_H

#include <chatterbox/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Streams --------------------------------------------------------------------------------- */

/* Whether samples leave a request before its end. */
enum {
  CHATTERBOX_STREAM_NONE = 0,
  CHATTERBOX_STREAM_CHUNKS = 1, /* while the speech is still being made, a chunk at a time: the
                                 * first sound comes after a second of speech or less. The sound
                                 * differs a little from that of a request that does not stream, but
                                 * is the same at any load and on a machine of any speed */
  CHATTERBOX_STREAM_PIECES = 2 /* a piece of a long text at a time, with the same samples as without
                                * a stream; a single text comes all at once */
};

/* Where the noise comes from that S3Gen turns into speech. */
enum {
  CHATTERBOX_NOISE_REFERENCE = 0, /* as in the Python package */
  CHATTERBOX_NOISE_BY_FRAME = 1   /* from the seed and the place in the speech, as streams in chunks
                                   * need it: a stream of one chunk has the samples of a request that
                                   * has this noise and does not stream */
};

/* How much of the speech behind a chunk the vocoder waits for. */
enum {
  CHATTERBOX_HALO_EXACT = 0,      /* 0.4 s: the wave is as if it were made in one go */
  CHATTERBOX_HALO_LOW_LATENCY = 1 /* 0.16 s: sound comes earlier, and differs a little at joins */
};

/* Where what S3Gen knows of the voice comes from, for a chunk. Frozen takes less than half the
 * work, gives an earlier first sound, and differs a little more from speech that does not stream.
 * The engine keeps the prompts of the voices that were used last, in prompt_bytes of
 * chatterbox_limits; a voice that needs more is INVALID_ARGUMENT. */
enum {
  CHATTERBOX_PROMPT_RECOMPUTED = 0, /* the voice's prompt is computed again with each chunk */
  CHATTERBOX_PROMPT_FROZEN = 1      /* once for a voice, and kept */
};

/* Of a request that streams in chunks. In speech tokens, 25 a second. */
typedef struct chatterbox_stream_options {
  uint32_t struct_size;  /* set by chatterbox_stream_options_init() */
  int32_t halo;          /* CHATTERBOX_HALO_...; default CHATTERBOX_HALO_EXACT */
  const int32_t* chunks; /* tokens of the first chunk, the second, ..., 6 to 4096 each; those after
                          * the last are as long as that. Short first ones give an early sound,
                          * long ones take less work. A remainder of fewer than 6 tokens belongs
                          * to the chunk before. Default NULL: 25, 50, 100, and 12 before them
                          * with CHATTERBOX_HALO_LOW_LATENCY; of Flash so that each chunk is due
                          * with a block, with blocks of 16 tokens 26, 48, 96 and 10, 32, 48, 96 */
  uint64_t chunk_count;  /* number of `chunks`, at most 32; default 0 */
  int32_t left_tokens;   /* before a chunk that are computed again with it, 0 to 500; default 50 */
  int32_t right_tokens;  /* behind a chunk that are waited for, 3 to 13; default 6. More of them
                          * sound closer to speech that does not stream */
  int32_t slack_tokens;  /* more tokens behind a chunk that are waited for while its listener still
                          * has enough to hear, 0 to 10; default 0. With them the sound depends on
                          * how fast the machine is */
  int32_t condition_tokens; /* of left_tokens, those whose mel is given to the flow instead of
                             * noise, 0 to left_tokens; default 0. For experiments */
  int32_t prompt;           /* CHATTERBOX_PROMPT_...; default CHATTERBOX_PROMPT_RECOMPUTED */
  int32_t reserved;         /* 0 */
} chatterbox_stream_options;

/* Fills in `size` (pass sizeof *options) and the defaults. The caller owns the struct.
 * INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_stream_options_init(chatterbox_stream_options* options,
                                                                size_t size);

/* ---- One text -------------------------------------------------------------------------------- */

/* A numeric option that is unset takes the family's default: see chatterbox_engine_info. */
typedef struct chatterbox_request {
  uint32_t struct_size; /* set by chatterbox_request_init() */
  int32_t has_seed;     /* 0 (default): the engine picks a seed and reports it; 1: use `seed` */
  uint64_t seed;        /* the same seed gives the same samples; default 0 */
  const char* text;     /* UTF-8, not blank, at most 10000 bytes; default NULL, must be set */
  const char* language; /* a code that chatterbox_engine_language() returns, in upper or lower case;
                         * required for a multilingual model, NULL (default) or "" for any other */
  const chatterbox_voice* voice; /* default NULL: the model's own voice */
  float temperature;             /* 0 (greedy), or 0.05 to 5 */
  /* The next three have no effect in Turbo and Nano. */
  float cfg_weight;         /* strength of guidance by the text, 0 (none, half the work) to 5 */
  float exaggeration;       /* how expressive the speech is, 0 to 2 */
  float min_p;              /* lowest probability, relative to the likeliest token, 0 to 1 */
  float top_p;              /* probability mass to draw from, above 0, up to 1 */
  float repetition_penalty; /* 0.5 to 5; 1: none */
  int32_t max_new_tokens;   /* limit of speech tokens, 25 a second, 1 to 4096; Flash has another
                             * limit by the text: 6 for each of its tokens, but at least 300 */
  int32_t cfm_steps;        /* Euler steps of the flow, 1 to 100 */
  int32_t cfg_steps; /* of the Euler steps, the first ones, 0 to cfm_steps, have guidance, which
                      * takes twice the work; unset (default): all. Must be unset for a mean flow,
                      * which takes no guidance (see chatterbox_engine_info) */
  int32_t top_k;     /* how many tokens to draw from, 0 (all) to 10000; must be 0 except in
                      * Turbo and Nano */
  int32_t analyze_alignment; /* 1: watch what T3 attends to in the text, and intervene if it would
                              * end early or not at all (see chatterbox_intervention), which changes
                              * the speech; needs a model of the official size. 0: do not */
  int32_t word_times; /* 1: the result, and the chunks of a stream, tell when each word is spoken,
                       * by where T3's heads look in the text, which changes no sample; needs a
                       * model that can analyze alignment. 0 (default): they do not */
  int32_t text_tags;  /* 1: multilingual models read tags in the text, such as [laughter], as
                       * tokens; 0 (default): they read them as text. Turbo and Nano always
                       * read theirs as tokens */
  /* How the request is run. */
  int32_t priority;    /* -100 to 100; the waiting request with the highest priority starts first;
                        * default 0 */
  uint64_t client;     /* who asks: at equal priority, clients are served in turn; default 0, a
                        * client like any other */
  uint64_t tag;        /* a number of the caller's for callbacks and log lines; default 0 */
  int64_t deadline_ms; /* from submission, 1 or more; a request that is not done by then ends with
                        * DEADLINE_EXCEEDED within a step, and never starts if it is still waiting;
                        * unset (default): none */
  int64_t wait_ms;     /* how long to wait for room in the queue, 0 or more, or CHATTERBOX_FOREVER;
                        * BUSY if there is none by then. Only the functions that submit use it; those
                        * that block for the result wait for room as long as it takes. Default 0 */
  int32_t stream;      /* CHATTERBOX_STREAM_...; default CHATTERBOX_STREAM_NONE. Otherwise
                        * chatterbox_job_next() returns the samples, or `on_audio` receives them, and
                        * the result has none. In functions that block for the result only with
                        * `on_audio` */
  int32_t noise;       /* CHATTERBOX_NOISE_...; unset (default): BY_FRAME if it streams in chunks,
                        * which needs that, else REFERENCE */
  const chatterbox_stream_options* stream_options; /* default NULL: the defaults */
  chatterbox_progress_callback on_progress;        /* default NULL */
  chatterbox_tensor_callback on_tensor;            /* default NULL */
  chatterbox_audio_callback on_audio;              /* receives the samples, and the result has none;
                                                    * default NULL. Unless it streams in chunks, a single
                                                    * text comes all at once when it has been spoken, a long
                                                    * text piece by piece */
  chatterbox_done_callback on_done;                /* default NULL */
  void* user_data;                                 /* handed to the callbacks; default NULL */
  /* Of Flash, which draws speech in blocks: all positions of a block are masked at first, and each
   * pass over it fills some of them for good. They must be unset (default) for every other family.
   * Flash has no min_p, top_p, top_k and repetition_penalty: set, they must turn themselves off. */
  int32_t block_size;      /* positions of a block, 1 to 256; unset: 16 */
  int32_t block_passes;    /* over a block at most, 1 to 100; fewer are faster; unset: 10 */
  double schedule_shift;   /* 0 to 100; below 1, few positions are filled at first and more in later
                            * passes; 1: evenly, 0: in even numbers; unset: 0.5 */
  double early_decoding;   /* how soon positions with high scores are filled ahead of that schedule,
                            * which saves passes; 0 (never) to 100; unset: 0.1 */
  int32_t position_noise;  /* 1: which positions are filled first is partly random; 0: it is by
                            * their scores alone; unset: 1 */
  int32_t prior;           /* 1: a token's score is how much likelier it is at its position than
                            * without any voice and text; 0: than on average in its block;
                            * unset: 1 */
  int32_t fill_before_end; /* 1: an end of speech waits until the positions before it are filled;
                            * 0: it ends the block at once, and the speech of those that are
                            * masked is lost, as in the Python package; unset: 1 */
  int32_t normalise;       /* 1: numbers, times, abbreviations and the like in the text become
                            * words, as in the model's training; 0: the text is read as it is;
                            * unset: 1 */
} chatterbox_request;

/* Fills in `size` (pass sizeof *request) and the defaults. `text` must be set afterwards. The
 * caller owns the struct. INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_request_init(chatterbox_request* request, size_t size);

/* Checks and queues a request and stores a new job, which the caller must release with
 * chatterbox_job_destroy(). Blocks for `wait_ms` at most. Text and voice may be freed at once; what
 * `user_data` points to must stay valid until `on_done` has returned or, if there is none, until
 * the job is done. INVALID_ARGUMENT: a value out of range, or a request that no row of the KV cache
 * could hold (see chatterbox_limits). NOT_FOUND: no voice is given and the model has none. BUSY:
 * the queue is full, or the engine is draining. DEVICE_LOST: the engine is not healthy. */
CHATTERBOX_API chatterbox_status chatterbox_engine_submit(chatterbox_engine* engine,
                                                          const chatterbox_request* request,
                                                          chatterbox_job** job);

/* Speaks a text and stores a new result, which the caller must release with
 * chatterbox_result_destroy(). Blocks until the result is ready and `on_done` has returned; as with
 * all functions that block for a result, no callback is called afterwards. Errors: those of
 * chatterbox_engine_submit(), except for a full queue, and of chatterbox_job_wait(). */
CHATTERBOX_API chatterbox_status chatterbox_engine_generate(chatterbox_engine* engine,
                                                            const chatterbox_request* request,
                                                            chatterbox_result** result);

/* ---- Many texts ------------------------------------------------------------------------------ */

/* Speaks `count` requests and stores their outcomes as a new handle, which the caller must release
 * with chatterbox_batch_destroy(). Blocks until all are done. There may be more requests than
 * max_queue: they wait outside the queue and leave room for those of others. `requests`: pointers
 * to `count` requests, read as by chatterbox_engine_submit(); may be NULL if `count` is 0. Returns
 * OK whatever the outcomes: a request that is refused or fails, or a NULL pointer, does not affect
 * the others, and chatterbox_batch_get_result() returns its status. */
CHATTERBOX_API chatterbox_status chatterbox_engine_generate_batch(
    chatterbox_engine* engine, const chatterbox_request* const* requests, uint64_t count,
    chatterbox_batch** batch);

/* Returns the number of requests in the batch; 0 if `batch` is NULL. Never fails. */
CHATTERBOX_API uint64_t chatterbox_batch_size(const chatterbox_batch* batch);

/* Stores the result of request `index`, counted from 0 in the order given, as a new handle, which
 * the caller must release with chatterbox_result_destroy(); it outlives the batch. If the request
 * was refused or failed, the status is that of chatterbox_engine_submit() or chatterbox_job_wait(),
 * and chatterbox_last_error() describes the failure. INVALID_ARGUMENT: also an index that is too
 * large. */
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
  uint64_t count;       /* number of pieces of the whole text */
  uint64_t text_begin;  /* its place in the text: the offset of its first byte ... */
  uint64_t text_end;    /* ... and of the byte after its last */
  double begin_seconds; /* its place in the speech */
  double end_seconds;
} chatterbox_piece;

/* Called like the request's callbacks when the samples of a piece are final, after `on_audio`.
 * `piece` belongs to the library and is valid during the call. */
typedef int32_t (*chatterbox_piece_callback)(const chatterbox_piece* piece, void* user_data);

/* How the pieces of a long text are joined. */
typedef struct chatterbox_long_text_options {
  uint32_t struct_size;               /* set by chatterbox_long_text_options_init() */
  int32_t reserved;                   /* 0 */
  double pause_seconds;               /* of silence between two pieces, 0 to 10; default 0.15 */
  chatterbox_piece_callback on_piece; /* receives the request's `user_data`; default NULL */
} chatterbox_long_text_options;

/* Fills in `size` (pass sizeof *options) and the defaults. The caller owns the struct.
 * INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status
chatterbox_long_text_options_init(chatterbox_long_text_options* options, size_t size);

/* Queues a text of up to 16 MB and stores one new job for it, which the caller must release with
 * chatterbox_job_destroy(). The text is split into pieces at sentences, a few kilobytes at a time:
 * the `count` of a piece is that of the pieces which are known by then. "[pause:500ms]" and
 * "[pause:1.5s]" stand for silence, up to 10 s. Many pieces are spoken at a time, all with the
 * request's seed; they wait outside the queue for their turn. The result's counts and times are
 * sums over the pieces, except for the total time, and it has no interventions;
 * chatterbox_result_get_piece() describes the pieces. `on_progress` counts speech tokens of the
 * pieces that are done; `on_tensor` is not called. The callbacks may also be called on a thread
 * that is in this function or in chatterbox_job_next(). If a piece fails, or is found to be no text
 * that can be spoken, the whole job fails. A reader that does not take its samples delays this job
 * and no other. With CHATTERBOX_STREAM_CHUNKS the pieces are spoken one after the other, each in
 * chunks. `options` may be NULL for the defaults. Errors: those of chatterbox_engine_submit(). */
CHATTERBOX_API chatterbox_status
chatterbox_engine_submit_long(chatterbox_engine* engine, const chatterbox_request* request,
                              const chatterbox_long_text_options* options, chatterbox_job** job);

/* Does the same and stores a new result, which the caller must release with
 * chatterbox_result_destroy(). Blocks until the end. */
CHATTERBOX_API chatterbox_status chatterbox_engine_generate_long(
    chatterbox_engine* engine, const chatterbox_request* request,
    const chatterbox_long_text_options* options, chatterbox_result** result);

/* Stores a new job for a text that comes by and by, for example from a language model: see
 * chatterbox_job_feed(). The request's text is its beginning and may be NULL or empty. Sentences
 * are spoken as they become complete; how the text is cut into pieces depends on what had come by
 * then. It takes no place in the queue, and may be up to 16 MB in all. Otherwise as
 * chatterbox_engine_submit_long(); the pieces' `count` is of those that are known. Releasing the
 * job before chatterbox_job_end() cancels it. */
CHATTERBOX_API chatterbox_status
chatterbox_engine_open_text(chatterbox_engine* engine, const chatterbox_request* request,
                            const chatterbox_long_text_options* options, chatterbox_job** job);

/* ---- Voice conversion ------------------------------------------------------------------------ */

/* Speech to be spoken in another voice; its words and timing stay the same. Members without a
 * comment are as in chatterbox_request. */
typedef struct chatterbox_conversion {
  uint32_t struct_size; /* set by chatterbox_conversion_init() */
  int32_t has_seed;
  uint64_t seed;
  const float* samples; /* interleaved, nominally in [-1, 1]; default NULL, must be set */
  uint64_t frames;      /* 0.1 s to 10 minutes; default 0, must be set */
  int32_t channels;     /* 1 to 8, averaged to mono; default 1 */
  int32_t sample_rate;  /* 8000 to 192000 Hz; default 0, must be set */
  const chatterbox_voice* voice;
  int32_t cfm_steps;
  int32_t cfg_steps;
  int32_t priority;
  int32_t reserved; /* 0 */
  uint64_t client;
  uint64_t tag;
  int64_t deadline_ms;
  int64_t wait_ms;
  int32_t stream;
  int32_t noise;
  const chatterbox_stream_options* stream_options;
  chatterbox_progress_callback on_progress;
  chatterbox_tensor_callback on_tensor;
  chatterbox_audio_callback on_audio;
  chatterbox_done_callback on_done;
  void* user_data;
} chatterbox_conversion;

/* Fills in `size` (pass sizeof *conversion) and the defaults. The caller owns the struct.
 * INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_conversion_init(chatterbox_conversion* conversion,
                                                            size_t size);

/* Checks and queues a conversion and stores a new job, which the caller must release with
 * chatterbox_job_destroy(). Blocks for `wait_ms` at most. The source may be freed at once. Errors:
 * those of chatterbox_engine_submit(), and BAD_AUDIO: a source outside the limits or with samples
 * that are not finite. */
CHATTERBOX_API chatterbox_status chatterbox_engine_submit_conversion(
    chatterbox_engine* engine, const chatterbox_conversion* conversion, chatterbox_job** job);

/* Does the same and stores a new result, which the caller must release with
 * chatterbox_result_destroy(). Blocks until the end. */
CHATTERBOX_API chatterbox_status chatterbox_engine_convert_voice(
    chatterbox_engine* engine, const chatterbox_conversion* conversion, chatterbox_result** result);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_REQUEST_H */
