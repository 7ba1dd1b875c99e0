/* The C11 interface of chatterbox: text and a voice in, 24 kHz speech out. This is the stable ABI.
 *
 *   #include <chatterbox/chatterbox.h>
 *   #include <stdio.h>
 *
 *   int main(void) {
 *     chatterbox_engine* engine = NULL;
 *     chatterbox_result* result = NULL;
 *     chatterbox_request request;
 *     chatterbox_status status = chatterbox_engine_create(NULL, &engine);  // the demo model
 *     if (!status) status = chatterbox_request_init(&request, sizeof request);
 *     if (!status) request.text = "Hello.";
 *     if (!status) status = chatterbox_engine_generate(engine, &request, &result);
 *     if (!status) {
 *       status = chatterbox_audio_write("hello.wav", chatterbox_result_samples(result),
 *                                       chatterbox_result_sample_count(result), 1,
 *                                       chatterbox_result_sample_rate(result));
 *     }
 *     if (status) fprintf(stderr, "%s\n", chatterbox_last_error());
 *     chatterbox_result_destroy(result);
 *     chatterbox_engine_destroy(engine);
 *     return status ? 1 : 0;
 *   }
 *
 * Errors: functions that can fail return a chatterbox_status, 0 for success. Their outputs are set
 * to NULL or 0 before anything can fail. chatterbox_last_error() has one line about the failure
 * that names the offending value. No function aborts, exits or lets a C++ exception out. NULL where
 * a pointer is asked for is CHATTERBOX_STATUS_INVALID_ARGUMENT, unless the comment says otherwise.
 * CHATTERBOX_STATUS_OUT_OF_MEMORY and CHATTERBOX_STATUS_INTERNAL can come from any of them; the
 * comments list what else can.
 *
 * Ownership: handles (engine, voice, job, result, batch, audio) that a function stores through its
 * last argument belong to the caller, who ends each with its _destroy function, in any order:
 * voices, jobs, results and batches outlive their engine. _destroy accepts NULL. What goes in is
 * copied before the function returns, so the caller may free it at once; exceptions are marked.
 * Returned strings belong to the library and must not be freed.
 *
 * Threads: any function may be called from any thread at any time, with handles shared between
 * threads; only _destroy must be the last call with its handle. Callbacks say which thread they run
 * on.
 *
 * Structs: their first member is their size, as the caller's compiler knows it. An _init function
 * fills in that size and the defaults; 0 is a value like any other and never means "default".
 * Members are only ever appended, so programs keep working with newer libraries. A struct from a
 * newer header is accepted by an older library as long as what that library does not know is zero.
 *
 * Strings are UTF-8 and end with NUL; paths are what fopen() takes. */
#ifndef CHATTERBOX_CHATTERBOX_H
#define CHATTERBOX_CHATTERBOX_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define CHATTERBOX_API
#else
#define CHATTERBOX_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Versions -------------------------------------------------------------------------------- */

/* The number in the soname: programs built with one number run with every library that has it. */
#define CHATTERBOX_ABI_VERSION 0

/* The ABI number of the library at run time. Compare it with the one above. Never fails. */
CHATTERBOX_API uint32_t chatterbox_abi_version(void);

/* "MAJOR.MINOR.PATCH" of the library at run time. Static text. Never fails. */
CHATTERBOX_API const char* chatterbox_version(void);

/* One line about how the library was built: version, libtorch, CUDA. Static text for people, not
 * for parsing. Never fails. */
CHATTERBOX_API const char* chatterbox_build_info(void);

/* ---- Status and errors ----------------------------------------------------------------------- */

/* NAME, CamelName, value, text. Values are never renumbered. */
#define CHATTERBOX_FOR_EACH_STATUS(X)                          \
  X(OK, Ok, 0, "ok")                                           \
  X(INVALID_ARGUMENT, InvalidArgument, -1, "invalid argument") \
  X(NOT_FOUND, NotFound, -2, "not found")                      \
  X(IO, Io, -3, "input or output error")                       \
  X(BAD_MODEL_FILE, BadModelFile, -4, "bad model file")        \
  X(BAD_AUDIO, BadAudio, -5, "bad audio")                      \
  X(BAD_VOICE, BadVoice, -6, "bad voice")                      \
  X(UNSUPPORTED, Unsupported, -7, "unsupported")               \
  X(OUT_OF_MEMORY, OutOfMemory, -8, "out of memory")           \
  X(DEVICE, Device, -9, "device error")                        \
  X(CANCELLED, Cancelled, -10, "cancelled")                    \
  X(BUSY, Busy, -11, "busy")                                   \
  X(NO_SPEECH, NoSpeech, -12, "no speech")                     \
  X(INTERNAL, Internal, -13, "internal error")

/* CHATTERBOX_STATUS_OK, CHATTERBOX_STATUS_INVALID_ARGUMENT, ... */
typedef int32_t chatterbox_status;
enum {
#define CHATTERBOX_DEFINE_STATUS(name, camel, value, text) CHATTERBOX_STATUS_##name = value,
  CHATTERBOX_FOR_EACH_STATUS(CHATTERBOX_DEFINE_STATUS)
#undef CHATTERBOX_DEFINE_STATUS
};

/* The text of a status, "invalid argument"; "unknown status" for other numbers. Static. Never
 * fails. */
CHATTERBOX_API const char* chatterbox_status_string(chatterbox_status status);

/* One line about the last failure on the calling thread; "" before the first. Functions that
 * succeed leave it alone. The text belongs to the library and is valid until the next failure on
 * this thread, or the thread's end. Never NULL, never fails. */
CHATTERBOX_API const char* chatterbox_last_error(void);

/* ---- Handles --------------------------------------------------------------------------------- */

typedef struct chatterbox_engine chatterbox_engine; /* a loaded model and the thread that runs it */
typedef struct chatterbox_voice chatterbox_voice;   /* how a voice sounds; immutable */
typedef struct chatterbox_job chatterbox_job;       /* a request on its way */
typedef struct chatterbox_result chatterbox_result; /* speech and its statistics; immutable */
typedef struct chatterbox_batch chatterbox_batch;   /* what became of many requests; immutable */
typedef struct chatterbox_audio chatterbox_audio;   /* samples read from a file; immutable */

/* ---- Callbacks ------------------------------------------------------------------------------- */

enum {
  CHATTERBOX_LOG_DEBUG = 0,
  CHATTERBOX_LOG_INFO = 1,
  CHATTERBOX_LOG_WARNING = 2,
  CHATTERBOX_LOG_ERROR = 3,
  CHATTERBOX_LOG_OFF = 4
};

/* `level` is one of CHATTERBOX_LOG_DEBUG to CHATTERBOX_LOG_ERROR; `message` is one line without its
 * end that belongs to the library and is valid during the call. Called from any thread, never twice
 * at the same time for one engine, from chatterbox_engine_create() on until
 * chatterbox_engine_destroy() has returned. Must not call the engine nor wait for a job. */
typedef void (*chatterbox_log_callback)(int32_t level, const char* message, void* user_data);

/* What a request is at. */
enum {
  CHATTERBOX_STAGE_QUEUED = 0,  /* before the first report */
  CHATTERBOX_STAGE_PREFILL = 1, /* T3 reads the text */
  CHATTERBOX_STAGE_DECODE = 2,  /* T3 writes speech tokens; counts tokens of max_new_tokens */
  CHATTERBOX_STAGE_FLOW = 3,    /* S3Gen's mel; counts Euler steps of cfm_steps */
  CHATTERBOX_STAGE_VOCODER = 4, /* the wave */
  CHATTERBOX_STAGE_DONE = 5     /* the last report of a request that succeeded */
};

typedef struct chatterbox_progress {
  uint32_t struct_size; /* bytes that the library filled in */
  int32_t stage;        /* CHATTERBOX_STAGE_... */
  int64_t done;         /* see the stages; 0 where nothing is counted */
  int64_t total;        /* see the stages; 0 where nothing is counted */
} chatterbox_progress;

/* `progress` belongs to the library and is valid during the call. Called on the engine's thread
 * (on CUDA it has two, so that callbacks of two requests may run at a time) while the request runs,
 * in order; must not call the engine nor wait for a job, and should be
 * quick. After chatterbox_job_wait() or chatterbox_engine_generate() has returned it is not called
 * again. */
typedef void (*chatterbox_progress_callback)(const chatterbox_progress* progress, void* user_data);

enum { CHATTERBOX_TENSOR_FLOAT32 = 0, CHATTERBOX_TENSOR_INT64 = 1 };

/* One tensor of an inner stage, on the host, row-major. All pointers are valid during the call. */
typedef struct chatterbox_tensor {
  uint32_t struct_size; /* bytes that the library filled in */
  int32_t type;         /* CHATTERBOX_TENSOR_... */
  const char* name;     /* "t3.tokens", "s3gen.mel", ... */
  const int64_t* shape; /* [rank]; NULL where rank is 0 */
  uint64_t rank;
  const void* data;
} chatterbox_tensor;

/* Hands out the tensors of the inner stages, for finding where two implementations differ. `tensor`
 * belongs to the library and is valid during the call. Called on the engine's thread while the
 * request runs; must not call the engine nor wait for a job. Costs time only where it is set. */
typedef void (*chatterbox_tensor_callback)(const chatterbox_tensor* tensor, void* user_data);

/* ---- Engine ---------------------------------------------------------------------------------- */

enum {
  CHATTERBOX_PRECISION_DEFAULT = 0,
  CHATTERBOX_PRECISION_FP32 = 1,
  CHATTERBOX_PRECISION_BF16 = 2
};

/* How requests share the engine. */
enum {
  CHATTERBOX_MODE_SEQUENTIAL = 0, /* one request at a time */
  CHATTERBOX_MODE_BATCH = 1,      /* takes what waits, max_batch requests at most, and takes no more
                                   * until all of them are done */
  CHATTERBOX_MODE_DYNAMIC = 2     /* requests join the running ones and leave them between steps */
};

/* The families of models. A folder that holds the files of one of them is recognised by their
 * names. */
enum {
  CHATTERBOX_FAMILY_AUTO = 0, /* the one whose files the folder has */
  CHATTERBOX_FAMILY_ENGLISH = 1,
  CHATTERBOX_FAMILY_MULTILINGUAL = 2, /* the second version where there is more than one */
  CHATTERBOX_FAMILY_MULTILINGUAL_V2 = 3,
  CHATTERBOX_FAMILY_MULTILINGUAL_V3 = 4,
  CHATTERBOX_FAMILY_TURBO = 5,
  CHATTERBOX_FAMILY_NANO = 6
};

/* Whether speech gets the inaudible Perth watermark, which chatterbox_detect_watermark() finds. */
enum {
  CHATTERBOX_WATERMARK_AUTO = 0, /* where its weights are found */
  CHATTERBOX_WATERMARK_ON = 1,   /* chatterbox_engine_create() fails where they are not */
  CHATTERBOX_WATERMARK_OFF = 2
};

typedef struct chatterbox_engine_options {
  uint32_t struct_size; /* set by chatterbox_engine_options_init() */
  int32_t precision;    /* CHATTERBOX_PRECISION_...; default: fp32 on a CPU, bf16 on CUDA */
  const char* model;  /* checkpoint folder, or "demo" (default): a tiny model that is installed with
                         the library and speaks English, or "synthetic": one made in memory, for
                         tests, whose sound is noise */
  const char* device; /* "cpu", "cuda", "cuda:N", or "auto" (default): CUDA where there is one */
  int32_t threads;    /* CPU threads, 0 to 1024; default 0: one per core */
  int32_t max_queue;  /* requests that may wait, 1 to 65536; default 64 */
  chatterbox_log_callback log; /* default NULL: nothing is logged */
  void* log_user_data;         /* handed to `log`; default NULL */
  int32_t log_level;           /* least level that `log` gets; default CHATTERBOX_LOG_WARNING */
  int32_t deterministic;       /* 1: require that a request gives the same bits alone and in any
                                * batch. On a CPU that always holds, at no cost, and this changes
                                * nothing. On CUDA the matrix products choose their kernels by the
                                * number of rows; there it makes the engine run one request at a
                                * time (as CHATTERBOX_MODE_SEQUENTIAL), at the cost that
                                * chatterbox-bench shows for it. 0 (default): do not */
  int32_t mode;                /* CHATTERBOX_MODE_...; default CHATTERBOX_MODE_DYNAMIC */
  int32_t max_batch;           /* requests that draw tokens at a time, 1 to 256, where the mode is
                                * not sequential; default 8. A CPU reads the weights once for 16
                                * requests with guidance: more of them get slower one by one */
  int64_t memory_limit; /* bytes beside the weights, for the KV cache (three quarters), what voices
                         * begin with (a sixteenth, 512 MiB at most) and the work on a batch (the
                         * rest); default 0: half of what is free on the device once the model is
                         * loaded. See chatterbox_capacity */
  int32_t family;       /* CHATTERBOX_FAMILY_...; default CHATTERBOX_FAMILY_AUTO */
  int32_t watermark;    /* CHATTERBOX_WATERMARK_...; default CHATTERBOX_WATERMARK_AUTO */
} chatterbox_engine_options;

/* Fills in `size` (pass sizeof *options) and the defaults. The strings are static, the struct is
 * the caller's. INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_engine_options_init(chatterbox_engine_options* options,
                                                                size_t size);

/* Loads a model and stores a new engine, which the caller ends with chatterbox_engine_destroy().
 * Blocks until it is ready to speak. `options` may be NULL: the defaults; what they point to is
 * copied, except the log's user data. INVALID_ARGUMENT: an option out of range. NOT_FOUND, IO,
 * BAD_MODEL_FILE, BAD_VOICE: the model's files. UNSUPPORTED, DEVICE: device or precision. */
CHATTERBOX_API chatterbox_status chatterbox_engine_create(const chatterbox_engine_options* options,
                                                          chatterbox_engine** engine);

/* Cancels what is queued or running, waits until it has stopped (one decode step or one Euler step)
 * and frees the engine. From a callback of this engine it cannot wait: there the model is freed
 * when the callback has returned. NULL does nothing. */
CHATTERBOX_API void chatterbox_engine_destroy(chatterbox_engine* engine);

typedef struct chatterbox_engine_info {
  uint32_t struct_size;          /* bytes that the library filled in */
  int32_t sample_rate;           /* of results, Hz */
  const char* family;            /* "english", "multilingual", "turbo" or "nano" */
  const char* model;             /* as given to chatterbox_engine_create() */
  const char* device;            /* "cpu", "cuda:0" */
  const char* precision;         /* "fp32", "bf16" */
  int64_t parameters;            /* of all models */
  int64_t weight_bytes;          /* on the device */
  int64_t max_text_tokens;       /* of one request, with start and stop */
  int64_t kv_bytes_per_position; /* KV cache of one row and one position */
  double load_seconds;
  int32_t has_default_voice; /* 0 or 1 */
  int32_t watermark;         /* 1: speech is marked, 0: it is not */
  const char* languages;     /* codes, "ar,da,...,zh"; "" where the family asks for none */
} chatterbox_engine_info;

/* Describes the engine. Writes at most `size` bytes (pass sizeof *info) to the caller's struct. The
 * strings belong to the engine and are valid until it is destroyed. INVALID_ARGUMENT: a size that
 * no version has. */
CHATTERBOX_API chatterbox_status chatterbox_engine_get_info(const chatterbox_engine* engine,
                                                            chatterbox_engine_info* info,
                                                            size_t size);

/* What the memory limit allows, and how much of it is in use. A request takes one row of the KV
 * cache, or two with guidance (cfg_weight above 0), and of each row a position for every token of
 * its conditioning (34), its text and its max_new_tokens. Rows are made for the longest request
 * that the model allows; where the limit is too small for max_batch such requests, for shorter
 * ones, and chatterbox_engine_submit() refuses what does not fit. */
typedef struct chatterbox_capacity {
  uint32_t struct_size; /* bytes that the library filled in */
  int32_t reserved;     /* 0 */
  int64_t rows;
  int64_t positions;    /* of each row */
  int64_t row_bytes;    /* of each row, all positions */
  int64_t cache_bytes;  /* of all rows. On a CPU a position takes memory once it was used */
  int64_t batch_frames; /* mel frames (50 a second) that S3Gen works on at a time; a request with
                         * more works alone */
  int64_t rows_in_use;
  int64_t peak_rows; /* most rows that were in use at a time so far */
  int64_t running;   /* requests that have started and are not done */
  int64_t waiting;   /* in the queue */
  /* What a voice begins with, computed once for later requests that have the same voice and
   * exaggeration. */
  int64_t prefix_bytes;           /* that is kept at most */
  int64_t prefix_hits;            /* requests that found it */
  int64_t prefix_misses;          /* requests that had to compute some of it */
  int64_t prefix_positions_saved; /* that were found and not computed */
} chatterbox_capacity;

/* Tells the engine's capacity and its use at this moment. Writes at most `size` bytes (pass sizeof
 * *capacity) to the caller's struct. INVALID_ARGUMENT: a size that no version has. */
CHATTERBOX_API chatterbox_status chatterbox_engine_get_capacity(const chatterbox_engine* engine,
                                                                chatterbox_capacity* capacity,
                                                                size_t size);

/* ---- Voices ---------------------------------------------------------------------------------- */

/* Stores the model's own voice as a new handle, which the caller ends with
 * chatterbox_voice_destroy(). NOT_FOUND: the model has none. */
CHATTERBOX_API chatterbox_status chatterbox_engine_default_voice(chatterbox_engine* engine,
                                                                 chatterbox_voice** voice);

/* Stores a voice that the model ships, NAME.voice in its folder, as a new handle, which the caller
 * ends with chatterbox_voice_destroy(); demo has "low" and "high". NOT_FOUND: there is none of that
 * name; the message lists those that are there. */
CHATTERBOX_API chatterbox_status chatterbox_engine_named_voice(chatterbox_engine* engine,
                                                               const char* name,
                                                               chatterbox_voice** voice);

typedef struct chatterbox_voice_options {
  uint32_t struct_size;                 /* set by chatterbox_voice_options_init() */
  int32_t normalise_loudness;           /* 1 (default): Turbo and Nano bring a recording to -27 LUFS
                                         * (ITU-R BS.1770); 0: they take it as it is */
  chatterbox_tensor_callback on_tensor; /* default NULL */
  void* tensor_user_data;               /* handed to `on_tensor`; default NULL */
} chatterbox_voice_options;

/* Fills in `size` (pass sizeof *options) and the defaults. The struct is the caller's.
 * INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_voice_options_init(chatterbox_voice_options* options,
                                                               size_t size);

/* Makes a voice from a recording and stores it as a new handle, which the caller ends with
 * chatterbox_voice_destroy(). Blocks until the requests queued before it have started and the voice
 * is made (in the modes sequential and batch: until they are done).
 * `samples`: interleaved, nominally in [-1, 1], `frames` times `channels` of them. `frames`: 0.5 s
 * (Turbo and Nano: 5 s) to 10 minutes. `channels`: 1 to 8, averaged. `sample_rate`: 8000 to 192000
 * Hz. `options` may be NULL: the defaults. INVALID_ARGUMENT: an option out of range. BAD_AUDIO: a
 * recording outside these limits or with samples that are not finite. BUSY: the queue is full.
 * CANCELLED: the engine was destroyed meanwhile. */
CHATTERBOX_API chatterbox_status chatterbox_engine_make_voice(
    chatterbox_engine* engine, const float* samples, uint64_t frames, int32_t channels,
    int32_t sample_rate, const chatterbox_voice_options* options, chatterbox_voice** voice);

/* Reads a voice that chatterbox_voice_save() wrote, or a conds.pt of the Python package, and stores
 * it as a new handle, which the caller ends with chatterbox_voice_destroy(). Needs no engine.
 * NOT_FOUND, IO: the file cannot be read. BAD_VOICE: it is no voice. */
CHATTERBOX_API chatterbox_status chatterbox_voice_load(const char* path, chatterbox_voice** voice);

/* Writes one safetensors file, replacing what is there. The voice stays the caller's. IO: the file
 * cannot be written. */
CHATTERBOX_API chatterbox_status chatterbox_voice_save(const chatterbox_voice* voice,
                                                       const char* path);

/* Frees the handle. Requests that use the voice go on. NULL does nothing. */
CHATTERBOX_API void chatterbox_voice_destroy(chatterbox_voice* voice);

typedef struct chatterbox_voice_info {
  uint32_t struct_size;  /* bytes that the library filled in */
  int32_t reserved;      /* 0 */
  int64_t prompt_tokens; /* speech tokens that condition T3 */
  int64_t s3gen_tokens;  /* speech tokens that S3Gen continues from, 25 a second */
  int64_t mel_frames;    /* frames of the mel that S3Gen continues from, 50 a second */
} chatterbox_voice_info;

/* Describes a voice. Writes at most `size` bytes (pass sizeof *info) to the caller's struct.
 * INVALID_ARGUMENT: a size that no version has. */
CHATTERBOX_API chatterbox_status chatterbox_voice_get_info(const chatterbox_voice* voice,
                                                           chatterbox_voice_info* info,
                                                           size_t size);

/* ---- Speaking -------------------------------------------------------------------------------- */

typedef struct chatterbox_request {
  uint32_t struct_size; /* set by chatterbox_request_init() */
  int32_t has_seed;     /* 0 (default): the engine picks a seed and reports it; 1: `seed` */
  uint64_t seed;        /* the same seed gives the same samples; default 0 */
  const char* text;     /* UTF-8, not blank, at most 10000 bytes; default NULL, must be set */
  const chatterbox_voice* voice; /* default NULL: the model's own */
  float temperature;             /* 0 (greedy), or 0.05 to 5; default 0.8 */
  /* The next three are without effect in Turbo and Nano. */
  float cfg_weight;         /* guidance by the text, 0 (none, half the work) to 5; default 0.5 */
  float exaggeration;       /* of the emotion, 0 to 2; default 0.5 */
  float min_p;              /* least probability, relative to the likeliest, 0 to 1; default 0.05 */
  float top_p;              /* probability mass to draw from, above 0, to 1; default 1 */
  float repetition_penalty; /* 0.5 to 5, 1: none; default 1.2 */
  int32_t max_new_tokens;   /* speech tokens, 25 a second, 1 to 4096; default 1000 */
  int32_t cfm_steps;        /* Euler steps of the flow, 1 to 100; default 10 */
  chatterbox_progress_callback on_progress; /* default NULL */
  void* progress_user_data;                 /* handed to `on_progress`; default NULL */
  chatterbox_tensor_callback on_tensor;     /* default NULL */
  void* tensor_user_data;                   /* handed to `on_tensor`; default NULL */
  int32_t analyze_alignment; /* 1: watch what T3 attends to in the text, and step in where it would
                              * end early or not at all (see chatterbox_intervention), which changes
                              * the speech; only a model of the official size has what is watched.
                              * 0 (default): do not */
  int32_t top_k;        /* tokens to draw from, 0 (all, default) to 10000; other than 0 in Turbo
                         * and Nano only */
  const char* language; /* of chatterbox_engine_info's, in any case; must be set for a
                         * multilingual model, and be NULL (default) or "" for another */
  int32_t text_tags;    /* 1: tags in the text, such as [laughter], are tokens of the multilingual
                         * models; 0 (default): they are text. Those of Turbo and Nano always are */
  int32_t reserved;     /* 0 */
} chatterbox_request;

/* Fills in `size` (pass sizeof *request) and the defaults, those of the English models. `text` must
 * be set afterwards. The struct is the caller's. INVALID_ARGUMENT: a size that no version of the
 * struct has. */
CHATTERBOX_API chatterbox_status chatterbox_request_init(chatterbox_request* request, size_t size);

/* The same with the defaults of the engine's family. */
CHATTERBOX_API chatterbox_status chatterbox_engine_request_init(const chatterbox_engine* engine,
                                                                chatterbox_request* request,
                                                                size_t size);

/* Speaks and stores a new result, which the caller ends with chatterbox_result_destroy(). Blocks
 * until the result is there: the same as submit, wait and destroy of the job. The errors of
 * chatterbox_engine_submit() and chatterbox_job_wait(). */
CHATTERBOX_API chatterbox_status chatterbox_engine_generate(chatterbox_engine* engine,
                                                            const chatterbox_request* request,
                                                            chatterbox_result** result);

/* Checks and queues a request, stores a new job, which the caller ends with
 * chatterbox_job_destroy(), and returns at once. Requests start in the order of submission. Text
 * and voice may be freed at once; what the callbacks' user data point to must stay until the job is
 * done. INVALID_ARGUMENT: a value out of range, or a request that no row of the KV cache could hold
 * (see chatterbox_capacity). NOT_FOUND: no voice given and the model has none.
 * BUSY: the queue is full. */
CHATTERBOX_API chatterbox_status chatterbox_engine_submit(chatterbox_engine* engine,
                                                          const chatterbox_request* request,
                                                          chatterbox_job** job);

/* Speaks `count` requests and stores what became of them as a new handle, which the caller ends
 * with chatterbox_batch_destroy(). Blocks until all are done. Waits for room in the queue where
 * there is none, so there may be more requests than max_queue. `requests`: pointers to `count`
 * requests, read as by chatterbox_engine_submit(); may be NULL where `count` is 0. OK whatever
 * became of the requests: one that is refused or fails, a NULL pointer among them, takes no other
 * along, and chatterbox_batch_get() has its status. */
CHATTERBOX_API chatterbox_status
chatterbox_generate_batch(chatterbox_engine* engine, const chatterbox_request* const* requests,
                          uint64_t count, chatterbox_batch** batch);

/* How many requests the batch had; 0 where `batch` is NULL. Never fails. */
CHATTERBOX_API uint64_t chatterbox_batch_size(const chatterbox_batch* batch);

/* Stores the result of request `index`, counted from 0 as they were given, as a new handle, which
 * the caller ends with chatterbox_result_destroy(); it outlives the batch. Where the request was
 * refused or has failed, the status is that of chatterbox_engine_submit() or chatterbox_job_wait(),
 * and chatterbox_last_error() is about it. INVALID_ARGUMENT: also an index that is too large. */
CHATTERBOX_API chatterbox_status chatterbox_batch_get(const chatterbox_batch* batch, uint64_t index,
                                                      chatterbox_result** result);

/* Frees the batch, not the results that were taken from it. NULL does nothing. */
CHATTERBOX_API void chatterbox_batch_destroy(chatterbox_batch* batch);

/* Gets samples that are final, in order: `samples` belong to the library and are valid during the
 * call. Called on the thread that called chatterbox_engine_generate_long(). Returns 0 to go on;
 * another value cancels the rest. */
typedef int32_t (*chatterbox_samples_callback)(const float* samples, uint64_t count,
                                               void* user_data);

/* Asked on the thread that called chatterbox_engine_generate_long(), some twenty times a second.
 * Returns 0 to go on; another value cancels the rest. */
typedef int32_t (*chatterbox_cancelled_callback)(void* user_data);

/* How the pieces of a long text are joined. */
typedef struct chatterbox_long_text_options {
  uint32_t struct_size; /* set by chatterbox_long_text_options_init() */
  int32_t reserved;     /* 0 */
  double pause;         /* seconds of silence between two pieces, 0 to 10; default 0.15 */
  chatterbox_samples_callback on_samples;     /* default NULL: the result has the samples */
  void* samples_user_data;                    /* handed to `on_samples`; default NULL */
  chatterbox_cancelled_callback is_cancelled; /* default NULL */
  void* cancelled_user_data;                  /* handed to `is_cancelled`; default NULL */
} chatterbox_long_text_options;

/* Fills in `size` (pass sizeof *options) and the defaults. The struct is the caller's.
 * INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status
chatterbox_long_text_options_init(chatterbox_long_text_options* options, size_t size);

/* Speaks a text of any length up to 16 MB and stores a new result, which the caller ends with
 * chatterbox_result_destroy(). The text is split at sentences, "[pause:500ms]" and "[pause:1.5s]"
 * are silence, up to 10 s; many pieces are spoken at a time, all with the request's seed. Counts
 * and times of the result are sums, but for the total time, and interventions are left out; the
 * request's own callbacks are not called. A piece that fails ends all. Blocks until the end.
 * `options` may be NULL: the defaults. The errors of chatterbox_engine_generate(); CANCELLED where
 * `on_samples` or `is_cancelled` asks for it. */
CHATTERBOX_API chatterbox_status chatterbox_engine_generate_long(
    chatterbox_engine* engine, const chatterbox_request* request,
    const chatterbox_long_text_options* options, chatterbox_result** result);

/* ---- Voice conversion ------------------------------------------------------------------------ */

/* Speech to be spoken by another voice: its words and its timing stay. */
typedef struct chatterbox_conversion {
  uint32_t struct_size; /* set by chatterbox_conversion_init() */
  int32_t has_seed;     /* 0 (default): the engine picks a seed and reports it; 1: `seed` */
  uint64_t seed;        /* default 0 */
  const float* samples; /* interleaved, nominally in [-1, 1]; default NULL, must be set */
  uint64_t frames;      /* 0.1 s to 10 minutes; default 0, must be set */
  int32_t channels;     /* 1 to 8, averaged; default 1 */
  int32_t sample_rate;  /* 8000 to 192000 Hz; default 0, must be set */
  const chatterbox_voice* voice; /* default NULL: the model's own */
  int32_t cfm_steps;             /* Euler steps of the flow, 1 to 100; 0 (default): the family's */
  int32_t reserved;              /* 0 */
  chatterbox_progress_callback on_progress; /* default NULL */
  void* progress_user_data;                 /* handed to `on_progress`; default NULL */
  chatterbox_tensor_callback on_tensor;     /* default NULL */
  void* tensor_user_data;                   /* handed to `on_tensor`; default NULL */
} chatterbox_conversion;

/* Fills in `size` (pass sizeof *conversion) and the defaults. The struct is the caller's.
 * INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_conversion_init(chatterbox_conversion* conversion,
                                                            size_t size);

/* Converts and stores a new result, which the caller ends with chatterbox_result_destroy(). Blocks
 * until the result is there. INVALID_ARGUMENT: a value out of range. BAD_AUDIO: a source outside
 * the limits or with samples that are not finite. NOT_FOUND: no voice given and the model has none.
 * BUSY: the queue is full. */
CHATTERBOX_API chatterbox_status chatterbox_engine_convert_voice(
    chatterbox_engine* engine, const chatterbox_conversion* conversion, chatterbox_result** result);

/* Checks and queues a conversion, stores a new job, which the caller ends with
 * chatterbox_job_destroy(), and returns at once. The source may be freed at once. The errors of
 * chatterbox_engine_convert_voice(). */
CHATTERBOX_API chatterbox_status chatterbox_engine_submit_conversion(
    chatterbox_engine* engine, const chatterbox_conversion* conversion, chatterbox_job** job);

/* ---- Jobs ------------------------------------------------------------------------------------ */

/* Blocks until the job is done and stores its result as a new handle, which the caller ends with
 * chatterbox_result_destroy(). May be called again, and gives the same. Any status that ended the
 * request: CANCELLED after chatterbox_job_cancel() or chatterbox_engine_destroy(), NO_SPEECH where
 * the model drew none, INTERNAL where a callback threw, DEVICE, ... */
CHATTERBOX_API chatterbox_status chatterbox_job_wait(const chatterbox_job* job,
                                                     chatterbox_result** result);

/* Waits at most `milliseconds`, 0 or more; `*done` becomes 1 where the job is done and 0 where not.
 * Success tells nothing about how the job ended: chatterbox_job_wait() does, without blocking once
 * it is done. */
CHATTERBOX_API chatterbox_status chatterbox_job_wait_for(const chatterbox_job* job,
                                                         uint64_t milliseconds, int32_t* done);

/* 1 where the job is done, whatever its end, 0 where it is not or `job` is NULL. Never fails. */
CHATTERBOX_API int32_t chatterbox_job_done(const chatterbox_job* job);

/* Asks the job to stop and returns at once. It stops within one decode step or one Euler step, or
 * at once where it was still queued, and then is done with CANCELLED. A job that is done stays as
 * it is. May be called from a callback. NULL does nothing. */
CHATTERBOX_API void chatterbox_job_cancel(chatterbox_job* job);

/* Frees the handle. Does not cancel: a job without a handle runs on. NULL does nothing. */
CHATTERBOX_API void chatterbox_job_destroy(chatterbox_job* job);

/* ---- Results --------------------------------------------------------------------------------- */

enum {
  CHATTERBOX_FINISH_EOS = 0,       /* the model said that it is done */
  CHATTERBOX_FINISH_MAX_TOKENS = 1 /* max_new_tokens reached: the speech may be cut short */
};

/* The samples: mono, nominally in [-1, 1], chatterbox_result_sample_count() of them. They belong to
 * the result and are valid until it is destroyed. NULL where `result` is NULL. Never fails. */
CHATTERBOX_API const float* chatterbox_result_samples(const chatterbox_result* result);

/* How many samples; 0 where `result` is NULL. Never fails. */
CHATTERBOX_API uint64_t chatterbox_result_sample_count(const chatterbox_result* result);

/* In Hz, 24000; 0 where `result` is NULL. Never fails. */
CHATTERBOX_API int32_t chatterbox_result_sample_rate(const chatterbox_result* result);

typedef struct chatterbox_result_stats {
  uint32_t struct_size;  /* bytes that the library filled in */
  int32_t finish_reason; /* CHATTERBOX_FINISH_... */
  uint64_t seed;         /* that was used */
  int64_t text_tokens;   /* with start and stop */
  int64_t speech_tokens; /* as drawn, with the end of speech when it was reached */
  int64_t decode_steps;  /* forward passes of one token */
  double queued_seconds; /* from here on: time spent waiting for the engine, ... */
  double text_seconds;   /* in normalisation and tokenizer, */
  double prefill_seconds;
  double decode_seconds;
  double flow_seconds;
  double vocoder_seconds;
  double total_seconds; /* from submission to the end */
} chatterbox_result_stats;

/* What the alignment analyzer did: it kept the end of speech away from a text that was not
 * finished, or ended the speech, for one of the other reasons. */
enum {
  CHATTERBOX_INTERVENTION_END_SUPPRESSED = 0,
  CHATTERBOX_INTERVENTION_LONG_TAIL = 1,            /* it stayed at the text's end */
  CHATTERBOX_INTERVENTION_ALIGNMENT_REPETITION = 2, /* it went back into the finished text */
  CHATTERBOX_INTERVENTION_TOKEN_REPETITION = 3      /* it drew the same token again and again */
};

typedef struct chatterbox_intervention {
  uint32_t struct_size; /* bytes that the library filled in */
  int32_t kind;         /* CHATTERBOX_INTERVENTION_... */
  int64_t first_step;   /* index of the first speech token that it decided on */
  int64_t steps;        /* how many tokens in a row */
} chatterbox_intervention;

/* What can be told of a result's quality without listening. */
typedef struct chatterbox_quality {
  uint32_t struct_size;       /* bytes that the library filled in */
  float peak;                 /* largest magnitude of a sample */
  int64_t clipped_samples;    /* at the limit of the vocoder, a magnitude of 0.99 */
  int64_t longest_repetition; /* most equal speech tokens in a row */
  uint64_t interventions;     /* how many chatterbox_result_get_intervention() tells */
  float text_coverage;        /* share of the text that was spoken, 0 to 1; -1: not analyzed */
  int32_t reserved;           /* 0 */
} chatterbox_quality;

/* Tells a result's quality. Writes at most `size` bytes (pass sizeof *quality) to the caller's
 * struct. INVALID_ARGUMENT: a size that no version has. */
CHATTERBOX_API chatterbox_status chatterbox_result_get_quality(const chatterbox_result* result,
                                                               chatterbox_quality* quality,
                                                               size_t size);

/* Tells intervention `index`, from 0, in the order of their steps. Writes at most `size` bytes
 * (pass sizeof *intervention) to the caller's struct. INVALID_ARGUMENT: a size that no version has,
 * an index that is too large. */
CHATTERBOX_API chatterbox_status
chatterbox_result_get_intervention(const chatterbox_result* result, uint64_t index,
                                   chatterbox_intervention* intervention, size_t size);

/* Describes a result. Writes at most `size` bytes (pass sizeof *stats) to the caller's struct.
 * INVALID_ARGUMENT: a size that no version has. */
CHATTERBOX_API chatterbox_status chatterbox_result_get_stats(const chatterbox_result* result,
                                                             chatterbox_result_stats* stats,
                                                             size_t size);

/* Frees the result and its samples. NULL does nothing. */
CHATTERBOX_API void chatterbox_result_destroy(chatterbox_result* result);

/* ---- WAV files ------------------------------------------------------------------------------- */

/* Reads a WAV file, PCM of 8, 16, 24 or 32 bit or float of 32 or 64 bit, 1 to 8 channels, 8000 to
 * 192000 Hz, and stores its samples as a new handle, which the caller ends with
 * chatterbox_audio_destroy(). NOT_FOUND, IO: the file cannot be read. BAD_AUDIO: it is no such WAV,
 * or is cut off. */
CHATTERBOX_API chatterbox_status chatterbox_audio_read(const char* path, chatterbox_audio** audio);

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

/* Writes a WAV file of 16-bit PCM, replacing what is there; samples beyond [-1, 1] are clipped.
 * `samples`: interleaved, `frames` times `channels` of them; may be NULL where `frames` is 0; they
 * stay the caller's. `channels`: 1 to 8. `sample_rate`: 8000 to 192000 Hz. INVALID_ARGUMENT: a
 * value out of range, more samples than such a file can have, or one that is not a number. IO: the
 * file cannot be written. */
CHATTERBOX_API chatterbox_status chatterbox_audio_write(const char* path, const float* samples,
                                                        uint64_t frames, int32_t channels,
                                                        int32_t sample_rate);

/* ---- Languages ------------------------------------------------------------------------------- */

/* How many languages the multilingual models speak. Never fails. */
CHATTERBOX_API uint64_t chatterbox_language_count(void);

/* The code ("fr") and the English name ("French") of language `index`, from 0, sorted by code.
 * Static text; NULL where the index is too large. Never fail. */
CHATTERBOX_API const char* chatterbox_language_code(uint64_t index);
CHATTERBOX_API const char* chatterbox_language_name(uint64_t index);

/* ---- Watermark ------------------------------------------------------------------------------- */

/* How sure it is that the audio carries the watermark, 0 to 1: above 0.5 it does. `samples`:
 * interleaved, `frames` times `channels` of them. `frames`: 0.1 s to 10 minutes. `channels`: 1 to
 * 8, averaged. `sample_rate`: 8000 to 192000 Hz. INVALID_ARGUMENT, BAD_AUDIO: samples outside these
 * limits, or not finite. NOT_FOUND: the watermark's weights are not installed. */
CHATTERBOX_API chatterbox_status chatterbox_detect_watermark(const float* samples, uint64_t frames,
                                                             int32_t channels, int32_t sample_rate,
                                                             float* confidence);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_CHATTERBOX_H */
