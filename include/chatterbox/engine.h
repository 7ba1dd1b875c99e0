/* Loading a model, and what an engine tells of itself: part of <chatterbox/chatterbox.h>, which is
 * to be included. */
#ifndef CHATTERBOX_ENGINE_H
#define CHATTERBOX_ENGINE_H

#include <chatterbox/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Options --------------------------------------------------------------------------------- */

/* In which type weights are kept and multiplied. Activations between layers, the softmax and the
 * sampling are fp32 on a CPU in each of them, and a request has the same bits alone and in any
 * batch. The random numbers are the same, but a last bit can change which token is drawn: from
 * there on the speech is another reading of the same text. */
enum {
  CHATTERBOX_PRECISION_FP32 = 1, /* equal to the Python package */
  CHATTERBOX_PRECISION_BF16 = 2, /* half the memory, and half the traffic that T3 waits for; S3Gen
                                  * gains where the CPU multiplies bfloat16 (AVX512-BF16, AMX) */
  CHATTERBOX_PRECISION_INT8 = 3, /* CPU only. T3's large matrices with a scale for each output and
                                  * inputs rounded to 8 bits row by row, the rest of T3 in bf16: a
                                  * quarter of the memory traffic that decoding waits for. S3Gen has
                                  * no int8: it is bf16 where the CPU multiplies bfloat16 faster
                                  * than fp32, else fp32 */
  CHATTERBOX_PRECISION_AUTO = 4  /* what is fastest here: on a CPU as INT8, on CUDA bf16 */
};

/* How requests share the engine. */
enum {
  CHATTERBOX_MODE_SEQUENTIAL = 0, /* one request at a time */
  CHATTERBOX_MODE_BATCH = 1,      /* takes what waits, max_batch requests at most, and takes no more
                                   * until all of them are done */
  CHATTERBOX_MODE_DYNAMIC = 2     /* requests join the running ones and leave them between steps:
                                   * continuous batching */
};

/* The families of models. A folder that holds the files of one of them is recognised by their
 * names. */
enum {
  CHATTERBOX_FAMILY_ENGLISH = 1,
  CHATTERBOX_FAMILY_MULTILINGUAL = 2, /* the second version where there is more than one */
  CHATTERBOX_FAMILY_MULTILINGUAL_V2 = 3,
  CHATTERBOX_FAMILY_MULTILINGUAL_V3 = 4,
  CHATTERBOX_FAMILY_TURBO = 5,
  CHATTERBOX_FAMILY_NANO = 6
};

/* Whether speech gets the inaudible Perth watermark, which a chatterbox_watermark_detector finds.
 */
enum {
  CHATTERBOX_WATERMARK_AUTO = 0, /* where its weights are found */
  CHATTERBOX_WATERMARK_ON = 1,   /* chatterbox_engine_create() fails where they are not */
  CHATTERBOX_WATERMARK_OFF = 2
};

/* How the weights get into memory. */
enum {
  CHATTERBOX_WEIGHTS_MAPPED = 0, /* the files are mapped and read when first used: loading takes no
                                  * time, and processes share the memory; the files must not be
                                  * written to while the engine lives */
  CHATTERBOX_WEIGHTS_READ = 1,   /* read by chatterbox_engine_create(); the files may then change */
  CHATTERBOX_WEIGHTS_LOCKED = 2  /* read, and kept in physical memory (mlock) */
};

/* A file of a model that is in memory, not on disk. */
typedef struct chatterbox_file {
  const char* name; /* as in a published folder: "t3_cfg.safetensors" */
  const void* data;
  uint64_t size; /* bytes */
} chatterbox_file;

typedef struct chatterbox_engine_options {
  uint32_t struct_size; /* set by chatterbox_engine_options_init() */
  int32_t family;       /* CHATTERBOX_FAMILY_...; unset (default): the one whose files are there */
  const char* model;    /* a checkpoint folder as published, or "demo" (default): a small model that
                         * is installed with the library and speaks English. Where `files` are
                         * given, a name for messages */
  const chatterbox_file* files; /* the model's, in place of a folder; default NULL */
  uint64_t file_count;          /* default 0 */
  const char* device; /* "cpu", "cuda", "cuda:N", or "auto" (default): CUDA where there is one */
  int32_t precision;  /* CHATTERBOX_PRECISION_...; unset (default): fp32 on a CPU, bf16 on CUDA */
  int32_t weights;    /* CHATTERBOX_WEIGHTS_...; default CHATTERBOX_WEIGHTS_MAPPED */
  int32_t threads;    /* CPU threads that compute, 1 to 1024; unset (default): one for each physical
                       * core that this process may use, by its affinity and its control group's
                       * quota; two on CUDA */
  int32_t mode;       /* CHATTERBOX_MODE_...; default CHATTERBOX_MODE_DYNAMIC */
  int32_t max_batch;  /* requests that draw tokens at a time, 1 to 256, where the mode is not
                       * sequential; default 8. A CPU reads the weights once for 16 requests with
                       * guidance: more of them get slower one by one */
  int32_t max_queue;  /* requests that may wait, 1 to 65536; default 64 */
  int64_t max_queue_bytes; /* of text and recordings that waiting requests hold, 1 MiB or more;
                            * default 1 GiB */
  int64_t memory_limit;  /* bytes beside the weights, 1 or more: three quarters for the KV cache, a
                          * sixteenth, 512 MiB at most, for the prefix cache, the rest for the work
                          * on a batch; unset (default): half of what is free on the device once the
                          * model is loaded. See chatterbox_limits */
  int32_t deterministic; /* 1: require that a request gives the same bits alone and in any batch. On
                          * a CPU that always holds, at no cost. On CUDA it makes the engine run one
                          * request at a time. 0 (default): do not */
  int32_t watermark;     /* CHATTERBOX_WATERMARK_...; default CHATTERBOX_WATERMARK_AUTO */
  chatterbox_log_callback log; /* default NULL: nothing is logged */
  void* log_user_data;         /* handed to `log`; default NULL */
  int32_t log_level;           /* least level that `log` gets; default CHATTERBOX_LOG_WARNING */
  int32_t t3_precision;        /* of T3, CHATTERBOX_PRECISION_...; unset (default): `precision` */
  int32_t s3gen_precision;     /* of S3Gen, the same but INT8; unset (default): `precision` */
  int32_t kv_cache; /* of T3's keys and values, CHATTERBOX_PRECISION_FP32 or _BF16, which takes half
                     * the memory; unset (default): fp32 where T3 is fp32, else bf16 */
} chatterbox_engine_options;

/* Fills in `size` (pass sizeof *options) and the defaults. The strings are static, the struct is
 * the caller's. INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_engine_options_init(chatterbox_engine_options* options,
                                                                size_t size);

/* ---- Life ------------------------------------------------------------------------------------ */

/* Loads a model and stores a new engine, which the caller ends with chatterbox_engine_destroy().
 * Blocks until it is ready to speak. `options` may be NULL: the defaults; what they point to is
 * copied, except the log's user data. INVALID_ARGUMENT: an option out of range. NOT_FOUND, IO,
 * BAD_MODEL_FILE, BAD_VOICE: the model's files. UNSUPPORTED, DEVICE: device or precision (int8 on
 * CUDA), or memory that cannot be locked. */
CHATTERBOX_API chatterbox_status chatterbox_engine_create(const chatterbox_engine_options* options,
                                                          chatterbox_engine** engine);

/* Cancels what is queued or running, waits until it has stopped (one decode step or one Euler step)
 * and frees the engine. Callers that block in its functions get CANCELLED. In a callback of this
 * engine it cannot wait: there the model is freed when the callback has returned. NULL does
 * nothing. */
CHATTERBOX_API void chatterbox_engine_destroy(chatterbox_engine* engine);

/* Asks every job to stop, queued or running, and returns at once; they end with CANCELLED. New ones
 * are accepted. NULL does nothing. */
CHATTERBOX_API void chatterbox_engine_cancel_all(chatterbox_engine* engine);

/* Accepts no new requests from here on (BUSY) and blocks until those that there are have ended, at
 * most `timeout_ms`. May be called again. TIMEOUT: some have not. */
CHATTERBOX_API chatterbox_status chatterbox_engine_drain(chatterbox_engine* engine,
                                                         int64_t timeout_ms);

/* ---- What it is ------------------------------------------------------------------------------ */

typedef struct chatterbox_engine_info {
  uint32_t struct_size;          /* bytes that the library filled in */
  int32_t sample_rate;           /* of results, Hz */
  const char* family;            /* "english", "multilingual", "turbo" or "nano" */
  const char* model;             /* as given to chatterbox_engine_create() */
  const char* device;            /* "cpu", "cuda:0" */
  const char* precision;         /* as asked, or the default: "fp32", "bf16", "int8", "auto" */
  int32_t threads;               /* CPU threads that compute */
  int32_t has_default_voice;     /* 0 or 1 */
  int32_t watermark;             /* 1: speech is marked, 0: it is not */
  int32_t reserved;              /* 0 */
  int64_t parameters;            /* of all models */
  int64_t weight_bytes;          /* on the device */
  int64_t max_text_tokens;       /* of one request, with start and stop */
  int64_t kv_bytes_per_position; /* KV cache of one row and one position */
  double load_seconds;
  uint64_t language_count; /* of chatterbox_engine_language(); 0: the family asks for none */
  uint64_t voice_count;    /* of chatterbox_engine_voice_name() */
  /* What a request takes where it does not say: the family's own, as in the Python package. The
   * names are chatterbox_request's. */
  float temperature;
  float cfg_weight;
  float exaggeration;
  float min_p;
  float top_p;
  float repetition_penalty;
  int32_t max_new_tokens;
  int32_t cfm_steps;
  int32_t top_k;
  int32_t analyze_alignment;
  const char* t3_precision;    /* what was taken: "fp32", "bf16", "int8" */
  const char* s3gen_precision; /* "fp32", "bf16" */
  const char* kv_cache;        /* "fp32", "bf16" */
} chatterbox_engine_info;

/* Describes the engine. Writes at most `size` bytes (pass sizeof *info) to the caller's struct. The
 * strings belong to the engine and are valid until it is destroyed. INVALID_ARGUMENT: a size that
 * no version has. */
CHATTERBOX_API chatterbox_status chatterbox_engine_get_info(const chatterbox_engine* engine,
                                                            chatterbox_engine_info* info,
                                                            size_t size);

/* The code ("fr") of language `index`, from 0, that the model asks for, sorted. The text belongs to
 * the engine. NULL where the index is too large or `engine` is NULL. Never fails. */
CHATTERBOX_API const char* chatterbox_engine_language(const chatterbox_engine* engine,
                                                      uint64_t index);

/* The name of voice `index`, from 0, that the model ships, sorted; see
 * chatterbox_engine_get_voice(). The text belongs to the engine. NULL where the index is too large
 * or `engine` is NULL. Never fails. */
CHATTERBOX_API const char* chatterbox_engine_voice_name(const chatterbox_engine* engine,
                                                        uint64_t index);

/* Counts the tokens of a text as the model reads it, with start and stop: what
 * chatterbox_engine_info's max_text_tokens limits. `language`, `text_tags`: as a request's; the
 * text may be longer than a request's, up to 16 MB. INVALID_ARGUMENT: what a request is refused
 * for. */
CHATTERBOX_API chatterbox_status chatterbox_engine_count_tokens(const chatterbox_engine* engine,
                                                                const char* text,
                                                                const char* language,
                                                                int32_t text_tags, int64_t* tokens);

/* What the options and the memory limit allow; does not change. A request takes one row of the KV
 * cache, or two with guidance (cfg_weight above 0), and of each row a position for every token of
 * its conditioning (34), its text and its max_new_tokens. Rows are made for the longest request
 * that the model allows; where the limit is too small for max_batch such requests, for shorter
 * ones, and what does not fit is refused. */
typedef struct chatterbox_limits {
  uint32_t struct_size; /* bytes that the library filled in */
  int32_t max_batch;    /* requests that draw tokens at a time */
  int64_t rows;
  int64_t positions;    /* of each row */
  int64_t row_bytes;    /* of each row, all positions */
  int64_t cache_bytes;  /* of all rows. On a CPU a position takes memory once it was used */
  int64_t batch_frames; /* mel frames (50 a second) that S3Gen works on at a time; a request with
                         * more works alone */
  int64_t prefix_bytes; /* that the prefix cache keeps at most: what voices begin with, computed
                         * once for later requests with the same voice and exaggeration */
  int64_t max_queue;
  int64_t max_queue_bytes;
  int64_t max_text_tokens; /* of one request, with start and stop */
} chatterbox_limits;

/* Tells the limits. Writes at most `size` bytes (pass sizeof *limits) to the caller's struct.
 * INVALID_ARGUMENT: a size that no version has. */
CHATTERBOX_API chatterbox_status chatterbox_engine_get_limits(const chatterbox_engine* engine,
                                                              chatterbox_limits* limits,
                                                              size_t size);

#define CHATTERBOX_METRICS_STATUSES 32

/* What is going on at this moment, and what has been since the engine was made. */
typedef struct chatterbox_metrics {
  uint32_t struct_size;  /* bytes that the library filled in */
  int32_t healthy;       /* 0: the device was lost or the engine's thread ended, and every request
                          * fails; 1: not so */
  int64_t running;       /* requests that have started and are not done */
  int64_t waiting;       /* in the queue */
  int64_t waiting_bytes; /* of what they hold */
  int64_t rows_in_use;   /* of the KV cache */
  int64_t peak_rows;     /* most that were in use at a time */
  int64_t prefix_hits;   /* requests whose voice was in the prefix cache */
  int64_t prefix_misses; /* requests that had to compute some of it */
  int64_t prefix_positions_saved; /* that were found and not computed */
  int64_t speech_tokens;          /* drawn so far */
  int64_t decode_steps;           /* made so far, each for all rows */
  double audio_seconds;           /* of speech made so far */
  double step_seconds;            /* of a decode step, a moving average; 0 before the first */
  double seconds_since_step;      /* since a piece of work was last finished; 0 when idle. One that
                                   * grows says that the device hangs */
  double queue_seconds; /* estimate of the work that waits and runs; 0 before the first request */
  int64_t ended[CHATTERBOX_METRICS_STATUSES]; /* requests that ended so far, by the negated status
                                               * that they ended with; [0]: with success */
} chatterbox_metrics;

/* Tells the metrics; cheap enough to be asked every second. Writes at most `size` bytes (pass
 * sizeof *metrics) to the caller's struct. INVALID_ARGUMENT: a size that no version has. */
CHATTERBOX_API chatterbox_status chatterbox_engine_get_metrics(const chatterbox_engine* engine,
                                                               chatterbox_metrics* metrics,
                                                               size_t size);

/* ---- Languages ------------------------------------------------------------------------------- */

/* How many languages the multilingual models speak. Never fails. */
CHATTERBOX_API uint64_t chatterbox_language_count(void);

/* The code ("fr") and the English name ("French") of language `index`, from 0, sorted by code.
 * Static text; NULL where the index is too large. Never fail. */
CHATTERBOX_API const char* chatterbox_language_code(uint64_t index);
CHATTERBOX_API const char* chatterbox_language_name(uint64_t index);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_ENGINE_H */
