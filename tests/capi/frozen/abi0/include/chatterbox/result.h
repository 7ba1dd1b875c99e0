/* Speech and what can be told of it: part of <chatterbox/chatterbox.h>, which is to be included. */
#ifndef CHATTERBOX_RESULT_H
#define CHATTERBOX_RESULT_H

#include <chatterbox/request.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  CHATTERBOX_FINISH_EOS = 0,       /* the model said that it is done */
  CHATTERBOX_FINISH_MAX_TOKENS = 1 /* max_new_tokens reached: the speech may be cut short */
};

/* The samples: mono, nominally in [-1, 1], chatterbox_result_sample_count() of them. They belong to
 * the result and are valid until it is destroyed. NULL where `result` is NULL, or the samples went
 * to a callback or a stream. Never fails. */
CHATTERBOX_API const float* chatterbox_result_samples(const chatterbox_result* result);

/* How many samples the result has; 0 where `result` is NULL. Never fails. */
CHATTERBOX_API uint64_t chatterbox_result_sample_count(const chatterbox_result* result);

/* In Hz, 24000; 0 where `result` is NULL. Never fails. */
CHATTERBOX_API int32_t chatterbox_result_sample_rate(const chatterbox_result* result);

typedef struct chatterbox_result_stats {
  uint32_t struct_size;  /* bytes that the library filled in */
  int32_t finish_reason; /* CHATTERBOX_FINISH_... */
  uint64_t seed;         /* that was used */
  uint64_t tag;          /* the request's */
  int64_t text_tokens;   /* with start and stop */
  int64_t speech_tokens; /* as drawn, with the end of speech when it was reached */
  int64_t decode_steps;  /* forward passes of one token */
  int64_t samples;       /* made, wherever they went */
  double queued_seconds; /* from here on: time spent waiting for the engine, ... */
  double text_seconds;   /* in normalisation and tokenizer, */
  double prefill_seconds;
  double decode_seconds;
  double flow_seconds;
  double vocoder_seconds;
  double watermark_seconds;
  double total_seconds; /* from submission to the end */
} chatterbox_result_stats;

/* Describes a result. Writes at most `size` bytes (pass sizeof *stats) to the caller's struct.
 * INVALID_ARGUMENT: a size that no version has. */
CHATTERBOX_API chatterbox_status chatterbox_result_get_stats(const chatterbox_result* result,
                                                             chatterbox_result_stats* stats,
                                                             size_t size);

/* What can be told of a result's quality without listening. */
typedef struct chatterbox_quality {
  uint32_t struct_size;        /* bytes that the library filled in */
  float peak;                  /* largest magnitude of a sample */
  int64_t clipped_samples;     /* at the limit of the vocoder, a magnitude of 0.99 */
  int64_t longest_repetition;  /* most equal speech tokens in a row */
  uint64_t intervention_count; /* of chatterbox_result_get_intervention() */
  float text_coverage;         /* share of the text that was spoken, 0 to 1; unset: not analyzed */
  int32_t reserved;            /* 0 */
} chatterbox_quality;

/* Tells a result's quality. Writes at most `size` bytes (pass sizeof *quality) to the caller's
 * struct. INVALID_ARGUMENT: a size that no version has. */
CHATTERBOX_API chatterbox_status chatterbox_result_get_quality(const chatterbox_result* result,
                                                               chatterbox_quality* quality,
                                                               size_t size);

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

/* Tells intervention `index`, from 0, in the order of their steps. Writes at most `size` bytes
 * (pass sizeof *intervention) to the caller's struct. INVALID_ARGUMENT: a size that no version has,
 * an index that is too large. */
CHATTERBOX_API chatterbox_status
chatterbox_result_get_intervention(const chatterbox_result* result, uint64_t index,
                                   chatterbox_intervention* intervention, size_t size);

/* How many pieces a long text had; 0 for others, or where `result` is NULL. Never fails. */
CHATTERBOX_API uint64_t chatterbox_result_piece_count(const chatterbox_result* result);

/* Tells piece `index` of a long text, from 0. Writes at most `size` bytes (pass sizeof *piece) to
 * the caller's struct. INVALID_ARGUMENT: a size that no version has, an index that is too large. */
CHATTERBOX_API chatterbox_status chatterbox_result_get_piece(const chatterbox_result* result,
                                                             uint64_t index,
                                                             chatterbox_piece* piece, size_t size);

/* Frees the result and its samples. NULL does nothing. */
CHATTERBOX_API void chatterbox_result_destroy(chatterbox_result* result);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_RESULT_H */
