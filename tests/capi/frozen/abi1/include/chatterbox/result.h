/* Results: speech, and what is known about it. Include <chatterbox/chatterbox.h>, not this file. */
#ifndef CHATTERBOX_RESULT_H
#define CHATTERBOX_RESULT_H

#include <chatterbox/request.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  CHATTERBOX_FINISH_EOS = 0,       /* the model ended the speech */
  CHATTERBOX_FINISH_MAX_TOKENS = 1 /* max_new_tokens was reached: the speech may be cut short */
};

/* Returns the samples: mono, nominally in [-1, 1], chatterbox_result_sample_count() of them. They
 * belong to the result and are valid until it is destroyed. NULL if `result` is NULL or the samples
 * went to a callback or a stream. Never fails. */
CHATTERBOX_API const float* chatterbox_result_samples(const chatterbox_result* result);

/* Returns the number of samples in the result; 0 if `result` is NULL. Never fails. */
CHATTERBOX_API uint64_t chatterbox_result_sample_count(const chatterbox_result* result);

/* Returns the sample rate in Hz, 24000; 0 if `result` is NULL. Never fails. */
CHATTERBOX_API int32_t chatterbox_result_sample_rate(const chatterbox_result* result);

typedef struct chatterbox_result_stats {
  uint32_t struct_size;  /* bytes that the library filled in */
  int32_t finish_reason; /* CHATTERBOX_FINISH_... */
  uint64_t seed;         /* the one that was used */
  uint64_t tag;          /* the request's */
  int64_t text_tokens;   /* including start and stop */
  int64_t speech_tokens; /* as drawn, including the end of speech if it was reached */
  int64_t decode_steps;  /* forward passes of one token */
  int64_t samples;       /* that were made, wherever they went */
  double queued_seconds; /* time spent waiting for the engine */
  double text_seconds;   /* normalisation and tokenizer */
  double prefill_seconds;
  double decode_seconds;
  double flow_seconds; /* of a request that streams in chunks: all of S3Gen */
  double vocoder_seconds;
  double watermark_seconds;
  double total_seconds; /* from submission to the end */
} chatterbox_result_stats;

/* Describes a result. Writes at most `size` bytes (pass sizeof *stats) to the caller's struct.
 * INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_result_get_stats(const chatterbox_result* result,
                                                             chatterbox_result_stats* stats,
                                                             size_t size);

/* What can be said about a result's quality without listening to it. */
typedef struct chatterbox_quality {
  uint32_t struct_size;        /* bytes that the library filled in */
  float peak;                  /* largest magnitude of a sample */
  int64_t clipped_samples;     /* samples at the vocoder's limit, a magnitude of 0.99 */
  int64_t longest_repetition;  /* longest run of equal speech tokens */
  uint64_t intervention_count; /* for chatterbox_result_get_intervention() */
  float text_coverage;         /* share of the text that was spoken, 0 to 1; unset: not analyzed */
  int32_t reserved;            /* 0 */
} chatterbox_quality;

/* Reports a result's quality. Writes at most `size` bytes (pass sizeof *quality) to the caller's
 * struct. INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_result_get_quality(const chatterbox_result* result,
                                                               chatterbox_quality* quality,
                                                               size_t size);

/* What the alignment analyzer did: it suppressed the end of speech because the text was not
 * finished, or it ended the speech for one of the other reasons. */
enum {
  CHATTERBOX_INTERVENTION_END_SUPPRESSED = 0,
  CHATTERBOX_INTERVENTION_LONG_TAIL = 1,            /* T3 stayed at the end of the text */
  CHATTERBOX_INTERVENTION_ALIGNMENT_REPETITION = 2, /* T3 went back into the finished text */
  CHATTERBOX_INTERVENTION_TOKEN_REPETITION = 3      /* T3 drew the same token again and again */
};

typedef struct chatterbox_intervention {
  uint32_t struct_size; /* bytes that the library filled in */
  int32_t kind;         /* CHATTERBOX_INTERVENTION_... */
  int64_t first_step;   /* index of the first speech token that it affected */
  int64_t steps;        /* number of consecutive tokens */
} chatterbox_intervention;

/* Describes intervention `index`, counted from 0 in the order of the steps. Writes at most `size`
 * bytes (pass sizeof *intervention) to the caller's struct. INVALID_ARGUMENT: a size that no
 * version of the struct has, an index that is too large. */
CHATTERBOX_API chatterbox_status
chatterbox_result_get_intervention(const chatterbox_result* result, uint64_t index,
                                   chatterbox_intervention* intervention, size_t size);

/* Returns the number of pieces of a long text; 0 for other results, or if `result` is NULL. Never
 * fails. */
CHATTERBOX_API uint64_t chatterbox_result_piece_count(const chatterbox_result* result);

/* Describes piece `index` of a long text, counted from 0. Writes at most `size` bytes (pass sizeof
 * *piece) to the caller's struct. INVALID_ARGUMENT: a size that no version of the struct has, an
 * index that is too large. */
CHATTERBOX_API chatterbox_status chatterbox_result_get_piece(const chatterbox_result* result,
                                                             uint64_t index,
                                                             chatterbox_piece* piece, size_t size);

/* Returns the number of words of a request with `word_times`; 0 for other results, or if `result`
 * is NULL. Words that the speech did not begin before `max_new_tokens` are not among them. Never
 * fails.
 */
CHATTERBOX_API uint64_t chatterbox_result_word_count(const chatterbox_result* result);

/* Describes word `index`, counted from 0 in the order of the text. Writes at most `size` bytes
 * (pass sizeof *word) to the caller's struct. INVALID_ARGUMENT: a size that no version of the
 * struct has, an index that is too large. */
CHATTERBOX_API chatterbox_status chatterbox_result_get_word(const chatterbox_result* result,
                                                            uint64_t index, chatterbox_word* word,
                                                            size_t size);

/* How the samples reached somebody who plays them as they come; of any request. */
typedef struct chatterbox_stream_stats {
  uint32_t struct_size;            /* bytes that the library filled in */
  int32_t reserved;                /* 0 */
  double first_sound_seconds;      /* from submission to the first samples */
  double largest_underrun_seconds; /* longest silence of a listener who plays from the first sample
                                    * on; 0: none */
  uint64_t chunk_count;            /* for chatterbox_result_get_chunk() */
} chatterbox_stream_stats;

/* Describes how the samples came. Writes at most `size` bytes (pass sizeof *stats) to the caller's
 * struct. INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_result_get_stream_stats(const chatterbox_result* result,
                                                                    chatterbox_stream_stats* stats,
                                                                    size_t size);

/* Samples that came together. */
typedef struct chatterbox_chunk_stats {
  uint32_t struct_size;  /* bytes that the library filled in */
  int32_t reserved;      /* 0 */
  uint64_t first_sample; /* index of the first of them in the whole speech */
  uint64_t count;        /* number of samples */
  double seconds;        /* from submission, when they could be read or were pushed */
} chatterbox_chunk_stats;

/* Describes chunk `index`, counted from 0. Writes at most `size` bytes (pass sizeof *chunk) to the
 * caller's struct. INVALID_ARGUMENT: a size that no version of the struct has, an index that is too
 * large. */
CHATTERBOX_API chatterbox_status chatterbox_result_get_chunk(const chatterbox_result* result,
                                                             uint64_t index,
                                                             chatterbox_chunk_stats* chunk,
                                                             size_t size);

/* Frees the result and its samples. NULL does nothing. */
CHATTERBOX_API void chatterbox_result_destroy(chatterbox_result* result);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_RESULT_H */
