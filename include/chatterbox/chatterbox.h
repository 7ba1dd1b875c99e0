/* The C11 interface of chatterbox. (The functions follow; this part is what both interfaces share.) */
#ifndef CHATTERBOX_CHATTERBOX_H
#define CHATTERBOX_CHATTERBOX_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define CHATTERBOX_API
#else
#define CHATTERBOX_API __attribute__((visibility("default")))
#endif

/* NAME, CamelName, value, text. Values are never renumbered. */
#define CHATTERBOX_FOR_EACH_STATUS(X)                                              \
  X(OK, Ok, 0, "ok")                                                               \
  X(INVALID_ARGUMENT, InvalidArgument, -1, "invalid argument")                     \
  X(NOT_FOUND, NotFound, -2, "not found")                                          \
  X(IO, Io, -3, "input or output error")                                           \
  X(BAD_MODEL_FILE, BadModelFile, -4, "bad model file")                            \
  X(BAD_AUDIO, BadAudio, -5, "bad audio")                                          \
  X(BAD_VOICE, BadVoice, -6, "bad voice")                                          \
  X(UNSUPPORTED, Unsupported, -7, "unsupported")                                   \
  X(OUT_OF_MEMORY, OutOfMemory, -8, "out of memory")                               \
  X(DEVICE, Device, -9, "device error")                                            \
  X(CANCELLED, Cancelled, -10, "cancelled")                                        \
  X(BUSY, Busy, -11, "busy")                                                       \
  X(NO_SPEECH, NoSpeech, -12, "no speech")                                         \
  X(INTERNAL, Internal, -13, "internal error")

typedef int32_t chatterbox_status;
enum {
#define CHATTERBOX_DEFINE_STATUS(name, camel, value, text) CHATTERBOX_STATUS_##name = value,
  CHATTERBOX_FOR_EACH_STATUS(CHATTERBOX_DEFINE_STATUS)
#undef CHATTERBOX_DEFINE_STATUS
};

enum { CHATTERBOX_PRECISION_DEFAULT = 0, CHATTERBOX_PRECISION_FP32 = 1, CHATTERBOX_PRECISION_BF16 = 2 };
enum {
  CHATTERBOX_LOG_DEBUG = 0,
  CHATTERBOX_LOG_INFO = 1,
  CHATTERBOX_LOG_WARNING = 2,
  CHATTERBOX_LOG_ERROR = 3,
  CHATTERBOX_LOG_OFF = 4
};
enum {
  CHATTERBOX_STAGE_QUEUED = 0,
  CHATTERBOX_STAGE_PREFILL = 1,
  CHATTERBOX_STAGE_DECODE = 2,
  CHATTERBOX_STAGE_FLOW = 3,
  CHATTERBOX_STAGE_VOCODER = 4,
  CHATTERBOX_STAGE_DONE = 5
};
enum { CHATTERBOX_FINISH_EOS = 0, CHATTERBOX_FINISH_MAX_TOKENS = 1 };

#endif /* CHATTERBOX_CHATTERBOX_H */
