/* Finding the Perth watermark, which needs no engine. Include <chatterbox/chatterbox.h>, not this
 * file. */
#ifndef CHATTERBOX_WATERMARK_H
#define CHATTERBOX_WATERMARK_H

#include <chatterbox/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct chatterbox_watermark_detector_options {
  uint32_t struct_size; /* set by chatterbox_watermark_detector_options_init() */
  int32_t threads;      /* CPU threads for computation, 1 to 1024; default 1, which leaves the other
                         * cores to an engine */
  const char* weights; /* path of a file; default NULL: the file that is installed with the library,
                        * or that the environment variable CHATTERBOX_WATERMARK names */
} chatterbox_watermark_detector_options;

/* Fills in `size` (pass sizeof *options) and the defaults. The caller owns the struct.
 * INVALID_ARGUMENT: a size that no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_watermark_detector_options_init(
    chatterbox_watermark_detector_options* options, size_t size);

/* Reads the watermark's weights (37 MB) and stores a new detector, which the caller must release
 * with chatterbox_watermark_detector_destroy(). `options` may be NULL for the defaults. NOT_FOUND:
 * the weights are not installed. IO, BAD_MODEL_FILE: a problem with the file. */
CHATTERBOX_API chatterbox_status chatterbox_watermark_detector_create(
    const chatterbox_watermark_detector_options* options, chatterbox_watermark_detector** detector);

/* Stores how sure the detector is that the audio carries the watermark, 0 to 1: above 0.5 it does.
 * Computes on a thread of its own and blocks. `samples`: interleaved, `frames` times `channels` of
 * them. `frames`: 0.1 s to 10 minutes. `channels`: 1 to 8, averaged to mono. `sample_rate`: 8000 to
 * 192000 Hz. BAD_AUDIO: samples outside these limits, or not finite. */
CHATTERBOX_API chatterbox_status chatterbox_watermark_detector_detect(
    const chatterbox_watermark_detector* detector, const float* samples, uint64_t frames,
    int32_t channels, int32_t sample_rate, float* confidence);

/* Frees the detector. NULL does nothing. */
CHATTERBOX_API void chatterbox_watermark_detector_destroy(chatterbox_watermark_detector* detector);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_WATERMARK_H */
