/* Loading a model, and what an engine reports about itself. Include <chatterbox/chatterbox.h>, not
 * this file. */
#ifndef CHATTERBOX_ENGINE_H
#define CHATTERBOX_ENGINE_H

#include <chatterbox/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Options --------------------------------------------------------------------------------- */

/* The number format in which weights are kept and multiplied. In every one, the softmax and the
 * sampling are fp32 on a CPU, and a request has the same bits alone and in any batch. The random
 * numbers are the same too, but rounding can change which token is drawn: from there on, the speech
 * is another reading of the same text. */
enum {
  CHATTERBOX_PRECISION_FP32 = 1, /* equal to the Python package */
  CHATTERBOX_PRECISION_BF16 = 2, /* half the memory; on a CPU fast where it multiplies bfloat16 */
  CHATTERBOX_PRECISION_INT8 = 3, /* CPU only: large matrices in 8 bits, with a scale for each
                                  * output, and their inputs rounded to 8 bits row by row. Of T3
                                  * (t3_precision): the matrices of its layers, and the rest of it
                                  * in bf16. Decoding reads a quarter of the memory. Of S3Gen
                                  * (s3gen_precision): the linear layers of the flow's transformers,
                                  * and the rest of it in bf16 if the CPU multiplies bfloat16 faster
                                  * than fp32, else in fp32. As `precision` of the engine: INT8 for
                                  * T3, AUTO for S3Gen */
  CHATTERBOX_PRECISION_AUTO = 4 /* the fastest. On a CPU, INT8 for T3; for S3Gen INT8 with VNNI (but
                                 * not AMX), BF16 with AMX, else FP32. On CUDA, BF16 */
};

/* How requests share the engine. */
enum {
  CHATTERBOX_MODE_SEQUENTIAL = 0, /* one request at a time */
  CHATTERBOX_MODE_BATCH = 1,      /* starts up to max_batch waiting requests, and no more until all
                                   * of them are done */
  CHATTERBOX_MODE_DYNAMIC = 2     /* requests join and leave the running batch between steps:
                                   * continuous batching */
};

/* The families of models. The library recognises a folder's family by the names of its files. */
enum {
  CHATTERBOX_FAMILY_ENGLISH = 1,
  CHATTERBOX_FAMILY_MULTILINGUAL = 2, /* version 2 if the folder has more than one */
  CHATTERBOX_FAMILY_MULTILINGUAL_V2 = 3,
  CHATTERBOX_FAMILY_MULTILINGUAL_V3 = 4,
  CHATTERBOX_FAMILY_TURBO = 5,
  CHATTERBOX_FAMILY_NANO = 6,
  CHATTERBOX_FAMILY_FLASH = 7
};

/* Whether speech gets the inaudible Perth watermark, which a chatterbox_watermark_detector finds.
 */
enum {
  CHATTERBOX_WATERMARK_AUTO = 0, /* on if its weights are found */
  CHATTERBOX_WATERMARK_ON = 1,   /* chatterbox_engine_create() fails if they are not */
  CHATTERBOX_WATERMARK_OFF = 2
};

/* How the weights are brought into memory. */
enum {
  CHATTERBOX_WEIGHTS_MAPPED = 0, /* the files are mapped and read on first use: loading takes no
                                  * time, and processes share the memory; nobody may write to the
                                  * files while the engine exists */
  CHATTERBOX_WEIGHTS_READ = 1,   /* read by chatterbox_engine_create(); the files may change
                                  * afterwards */
  CHATTERBOX_WEIGHTS_LOCKED = 2  /* read, and kept in physical memory (mlock) */
};

/* A file of a model, in memory instead of on disk. */
typedef struct chatterbox_file {
  const char* name; /* as in a published folder: "t3_cfg.safetensors" */
  const void* data;
  uint64_t size; /* bytes */
} chatterbox_file;

typedef struct chatterbox_engine_options {
  uint32_t struct_size; /* set by chatterbox_engine_options_init() */
  int32_t family;       /* CHATTERBOX_FAMILY_...; unset (default): recognised by the files */
  const char* model;    /* a checkpoint folder as published, or "demo" (default): a small model that
                         * is installed with the library and speaks English. If `files` are given, a
                         * name for messages */
  const chatterbox_file* files; /* the model's files, instead of a folder; default NULL */
  uint64_t file_count;          /* number of `files`; default 0 */
  const char* s3gen;  /* path of a file to use instead of the model's S3Gen; default NULL: the
                       * model's own. Turbo's s3gen_meanflow.safetensors makes English and
                       * Multilingual take 2 Euler steps without guidance instead of 10 with it, and
                       * sounds different */
  const char* device; /* "cpu", "cuda", "cuda:N", or "auto" (default): CUDA if available */
  int32_t precision; /* CHATTERBOX_PRECISION_...; unset (default): fp32 on a CPU, bf16 on CUDA, int8
                      * for a quantised folder, whose T3 takes int8 and auto alone */
  int32_t t3_precision;    /* of T3, CHATTERBOX_PRECISION_...; unset (default): `precision` */
  int32_t s3gen_precision; /* of S3Gen, CHATTERBOX_PRECISION_...; unset (default): `precision`, but
                            * AUTO where that is INT8 */
  int32_t kv_cache; /* of T3's keys and values, CHATTERBOX_PRECISION_FP32 or _BF16, which takes half
                     * the memory; unset (default): fp32 if T3 is fp32, else bf16 */
  int32_t weights;  /* CHATTERBOX_WEIGHTS_...; default CHATTERBOX_WEIGHTS_MAPPED */
  int32_t threads;  /* CPU threads for computation, 1 to 1024; unset (default): one for each
                     * physical core that this process may use by its affinity and its control
                     * group's quota; two on CUDA */
  int32_t mode;     /* CHATTERBOX_MODE_...; default CHATTERBOX_MODE_DYNAMIC */
  int32_t max_batch;   /* how many requests may draw tokens at a time, 1 to 256, unless the mode is
                        * sequential; unset (default): 8 on a CPU, and on CUDA as many as the memory
                        * limit has rows for. In each step a CPU reads the weights once for 16
                        * requests with guidance; each further request adds to the time of a step */
  int32_t max_streams; /* how many requests may stream in chunks at a time, 1 to 256; others wait in
                        * the queue, and requests that do not stream may start before them. Unset
                        * (default): as many as can be spoken as fast as they are heard, by the
                        * times that work has taken so far */
  int32_t max_queue;   /* how many requests may wait, 1 to 65536; default 64 */
  int64_t max_queue_bytes; /* bytes of text and recordings that waiting requests may hold, 1 MiB or
                            * more; default 1 GiB */
  int64_t memory_limit;  /* bytes of memory beside the weights, 1 or more: three quarters for the KV
                          * cache (on CUDA with what a decode step works on), a sixteenth (at most
                          * 512 MiB) for the prefix cache, the rest for the work on a batch; unset
                          * (default): half of the memory that is free on the device once the model
                          * is loaded. See chatterbox_limits */
  int32_t deterministic; /* 1: require that a request gives the same bits alone and in any batch. On
                          * a CPU this always holds, at no cost. On CUDA it makes the engine run one
                          * request at a time. 0 (default): not required */
  int32_t watermark;     /* CHATTERBOX_WATERMARK_...; default CHATTERBOX_WATERMARK_AUTO */
  chatterbox_log_callback log; /* default NULL: nothing is logged */
  void* log_user_data;         /* passed to `log`; default NULL */
  int32_t log_level;           /* lowest level that is logged; default CHATTERBOX_LOG_WARNING */
  int32_t reserved;            /* 0 */
} chatterbox_engine_options;

/* Fills in `size` (pass sizeof *options) and the defaults. The strings are static; the caller owns
 * the struct. INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_engine_options_init(chatterbox_engine_options* options,
                                                                size_t size);

/* ---- Life ------------------------------------------------------------------------------------ */

/* Loads a model and stores a new engine, which the caller must release with
 * chatterbox_engine_destroy(). Blocks until it is ready to speak. `options` may be NULL for the
 * defaults; everything they point to is copied, except the log's user data. INVALID_ARGUMENT: an
 * option out of range. NOT_FOUND, IO, BAD_MODEL_FILE, BAD_VOICE: a problem with the model's files.
 * UNSUPPORTED, DEVICE: a problem with device or precision (int8 on CUDA), memory that cannot be
 * locked, or a quantised folder that is to run in another precision. */
CHATTERBOX_API chatterbox_status chatterbox_engine_create(const chatterbox_engine_options* options,
                                                          chatterbox_engine** engine);

/* Cancels all queued and running requests, waits until they have stopped (one decode step or one
 * Euler step) and frees the engine. Callers that block in its functions get CANCELLED. In a
 * callback of this engine it cannot wait; the model is then freed when the callback has returned.
 * NULL does nothing. */
CHATTERBOX_API void chatterbox_engine_destroy(chatterbox_engine* engine);

/* Asks every queued or running job to stop and returns at once; the jobs end with CANCELLED. New
 * requests are accepted. NULL does nothing. */
CHATTERBOX_API void chatterbox_engine_cancel_all(chatterbox_engine* engine);

/* Accepts no new requests from now on (BUSY) and blocks until the present ones have ended, at most
 * `timeout_ms`. May be called again. TIMEOUT: some have not ended yet. */
CHATTERBOX_API chatterbox_status chatterbox_engine_drain(chatterbox_engine* engine,
                                                         int64_t timeout_ms);

/* ---- What it is ------------------------------------------------------------------------------ */

typedef struct chatterbox_engine_info {
  uint32_t struct_size;        /* bytes that the library filled in */
  int32_t sample_rate;         /* of results, Hz */
  const char* family;          /* "english", "multilingual", "turbo", "nano" or "flash" */
  const char* model;           /* as given to chatterbox_engine_create() */
  const char* device;          /* "cpu", "cuda:0" */
  const char* precision;       /* as given, or the default: "fp32", "bf16", "int8", "auto" */
  const char* t3_precision;    /* what was taken: "fp32", "bf16", "int8" */
  const char* s3gen_precision; /* "fp32", "bf16", "int8" */
  const char* kv_cache;        /* "fp32", "bf16" */
  /* What multiplies T3's matrices in a decode step, and S3Gen's in an Euler step, for reports: the
   * number format, then the instruction set of the library's own kernels ("int8 avx512-vnni", "bf16
   * amx-bf16", "fp32 avx2", "fp32 portable"), or "libtorch" ("fp32 libtorch"). S3Gen in int8 names
   * what multiplies the linear layers, then the rest: "int8 avx512-vnni, bf16 avx512-bf16". */
  const char* t3_kernels;
  const char* s3gen_kernels;
  int32_t threads;               /* CPU threads for computation */
  int32_t has_default_voice;     /* 0 or 1 */
  int32_t watermark;             /* 1: speech is marked, 0: it is not */
  int32_t meanflow;              /* 1: S3Gen's flow is a mean flow, which takes few Euler steps and
                                  * no guidance; 0: it is not */
  int32_t quantised;             /* 1: the folder's T3 is stored in int8, see
                                  * chatterbox_quantise_model(); 0: it is as published */
  int32_t reserved;              /* 0 */
  int64_t parameters;            /* of all models together */
  int64_t weight_bytes;          /* on the device */
  int64_t max_text_tokens;       /* of one request, including start and stop */
  int64_t kv_bytes_per_position; /* KV cache for one position of one row */
  double load_seconds;
  uint64_t language_count; /* for chatterbox_engine_language(); 0: the family needs no language */
  uint64_t voice_count;    /* for chatterbox_engine_voice_name() */
  /* The family's defaults for options that a request leaves unset, as in the Python package. The
   * names are those of chatterbox_request. */
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
} chatterbox_engine_info;

/* Describes the engine. Writes at most `size` bytes (pass sizeof *info) to the caller's struct. The
 * strings belong to the engine and are valid until it is destroyed. INVALID_ARGUMENT: a size that
 * no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_engine_get_info(const chatterbox_engine* engine,
                                                            chatterbox_engine_info* info,
                                                            size_t size);

/* Returns the code ("fr") of the model's language `index`, counted from 0 in sorted order. The
 * string belongs to the engine. NULL if the index is too large or `engine` is NULL. Never fails. */
CHATTERBOX_API const char* chatterbox_engine_language(const chatterbox_engine* engine,
                                                      uint64_t index);

/* Returns the name of the voice `index` that comes with the model, counted from 0 in sorted order;
 * see chatterbox_engine_get_voice(). The string belongs to the engine. NULL if the index is too
 * large or `engine` is NULL. Never fails. */
CHATTERBOX_API const char* chatterbox_engine_voice_name(const chatterbox_engine* engine,
                                                        uint64_t index);

/* Counts the tokens of a text as the model reads it, including start and stop: the number that
 * max_text_tokens of chatterbox_engine_info limits. `language`, `text_tags`: as in a request. The
 * text may be longer than a request's, up to 16 MB. INVALID_ARGUMENT: an input for which a request
 * would be refused. */
CHATTERBOX_API chatterbox_status chatterbox_engine_count_tokens(const chatterbox_engine* engine,
                                                                const char* text,
                                                                const char* language,
                                                                int32_t text_tags, int64_t* tokens);

/* What the options and the memory limit allow; it does not change. A request takes one row of the
 * KV cache, or two with guidance (cfg_weight above 0), and in each row a position for every token
 * of its conditioning (34), its text and its max_new_tokens. Rows are made for the longest request
 * that the model allows. If the memory limit is too small for max_batch such requests, rows are
 * shorter, and a request that does not fit is refused. */
typedef struct chatterbox_limits {
  uint32_t struct_size; /* bytes that the library filled in */
  int32_t max_batch;    /* how many requests may draw tokens at a time */
  int64_t rows;
  int64_t positions;    /* in each row */
  int64_t row_bytes;    /* of each row with all its positions */
  int64_t cache_bytes;  /* of all rows; on a CPU a position takes memory only once it is used */
  int64_t batch_frames; /* mel frames (50 a second) that S3Gen works on at a time; a request with
                         * more is processed alone */
  int64_t prefix_bytes; /* most bytes that the prefix cache keeps: the positions of a voice,
                         * computed once for later requests with the same voice and exaggeration */
  int64_t max_queue;
  int64_t max_queue_bytes;
  int64_t max_text_tokens; /* of one request, including start and stop */
  int64_t prompt_bytes;    /* most bytes that frozen prompts take (CHATTERBOX_PROMPT_FROZEN) */
} chatterbox_limits;

/* Reports the limits. Writes at most `size` bytes (pass sizeof *limits) to the caller's struct.
 * INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_engine_get_limits(const chatterbox_engine* engine,
                                                              chatterbox_limits* limits,
                                                              size_t size);

#define CHATTERBOX_METRICS_STATUSES 32

/* The engine's present state, and totals since it was created. */
typedef struct chatterbox_metrics {
  uint32_t struct_size;  /* bytes that the library filled in */
  int32_t healthy;       /* 0: the device was lost or the engine's thread ended, and every request
                          * fails; 1: otherwise */
  int64_t running;       /* requests that have started and are not done */
  int64_t waiting;       /* requests in the queue */
  int64_t waiting_bytes; /* bytes that they hold */
  int64_t rows_in_use;   /* of the KV cache */
  int64_t peak_rows;     /* most rows in use at a time so far */
  int64_t prefix_hits;   /* requests whose voice was in the prefix cache */
  int64_t prefix_misses; /* requests that had to compute some of the voice's positions */
  int64_t prefix_positions_saved; /* positions found there and not computed */
  int64_t speech_tokens;          /* drawn so far */
  int64_t decode_steps;           /* run so far, each for all rows */
  double audio_seconds;           /* of speech made so far */
  double step_seconds;            /* moving average for a decode step; 0 before the first */
  double seconds_since_step;      /* since a unit of work was last finished; 0 if idle. A value that
                                   * keeps growing means that the device hangs */
  double queue_seconds; /* estimated time for the waiting and running work; 0 before the first
                         * request */
  int64_t ended[CHATTERBOX_METRICS_STATUSES]; /* requests that ended so far, indexed by the negated
                                               * status that they ended with; [0]: successes */
} chatterbox_metrics;

/* Reports the metrics; cheap enough to call every second. Writes at most `size` bytes (pass sizeof
 * *metrics) to the caller's struct. INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_engine_get_metrics(const chatterbox_engine* engine,
                                                               chatterbox_metrics* metrics,
                                                               size_t size);

/* ---- Quantising ------------------------------------------------------------------------------ */

/* Writes `output`, a new or empty folder: a copy of the checkpoint folder `model` whose T3 is
 * stored as CHATTERBOX_PRECISION_INT8 has it in memory. It gives the same bits as `model` does in
 * INT8, is a third of T3's size, and loads at once: the matrices are mapped in the layout that the
 * CPU's kernels want, which is the same on every CPU. `family`: CHATTERBOX_FAMILY_..., or
 * CHATTERBOX_UNSET: recognised by the files; T3s of other families are left out. All other files
 * are hard links, or copies on another file system. Blocks: it loads the model first, on all
 * physical cores. INVALID_ARGUMENT: `model` is quantised. NOT_FOUND, IO, BAD_MODEL_FILE: a problem
 * with its files, or `output` is not empty or cannot be written; then nothing is left of it. */
CHATTERBOX_API chatterbox_status chatterbox_quantise_model(const char* model, int32_t family,
                                                           const char* output);

/* ---- Languages ------------------------------------------------------------------------------- */

/* Returns the number of languages that the multilingual models speak. Never fails. */
CHATTERBOX_API uint64_t chatterbox_language_count(void);

/* Return the code ("fr") and the English name ("French") of language `index`, counted from 0,
 * sorted by code. Static strings; NULL if the index is too large. Never fail. */
CHATTERBOX_API const char* chatterbox_language_code(uint64_t index);
CHATTERBOX_API const char* chatterbox_language_name(uint64_t index);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_ENGINE_H */
