/* Statuses, versions and the last error. Include <chatterbox/chatterbox.h>, not this file. */
#ifndef CHATTERBOX_STATUS_H
#define CHATTERBOX_STATUS_H

#include <stddef.h>
#include <stdint.h>

#define CHATTERBOX_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Versions -------------------------------------------------------------------------------- */

/* The number in the soname: a program runs with every library that has the number it was built
 * with. */
#define CHATTERBOX_ABI_VERSION 1

/* Returns the ABI number of the library at run time. Compare it with the one above. Never fails. */
CHATTERBOX_API uint32_t chatterbox_abi_version(void);

/* Returns "MAJOR.MINOR.PATCH" of the library at run time. Static string. Never fails. */
CHATTERBOX_API const char* chatterbox_version(void);

/* Returns one line about how the library was built: version, libtorch, CUDA. Static string for
 * people, not for parsing. Never fails. */
CHATTERBOX_API const char* chatterbox_build_info(void);

/* ---- Statuses -------------------------------------------------------------------------------- */

/* NAME, CamelName, value, text. Values are never renumbered. Negative values are failures. Positive
 * values are not: they mean that there is nothing to return yet, or nothing more. */
#define CHATTERBOX_FOR_EACH_STATUS(X)                              \
  X(OK, Ok, 0, "ok")                                               \
  X(END_OF_STREAM, EndOfStream, 1, "end of stream")                \
  X(TIMEOUT, Timeout, 2, "timeout")                                \
  X(INVALID_ARGUMENT, InvalidArgument, -1, "invalid argument")     \
  X(NOT_FOUND, NotFound, -2, "not found")                          \
  X(IO, Io, -3, "input or output error")                           \
  X(BAD_MODEL_FILE, BadModelFile, -4, "bad model file")            \
  X(BAD_AUDIO, BadAudio, -5, "bad audio")                          \
  X(BAD_VOICE, BadVoice, -6, "bad voice")                          \
  X(UNSUPPORTED, Unsupported, -7, "unsupported")                   \
  X(OUT_OF_MEMORY, OutOfMemory, -8, "out of memory")               \
  X(DEVICE, Device, -9, "device error")                            \
  X(CANCELLED, Cancelled, -10, "cancelled")                        \
  X(BUSY, Busy, -11, "busy")                                       \
  X(NO_SPEECH, NoSpeech, -12, "no speech")                         \
  X(INTERNAL, Internal, -13, "internal error")                     \
  X(DEADLINE_EXCEEDED, DeadlineExceeded, -14, "deadline exceeded") \
  X(DEVICE_LOST, DeviceLost, -15, "device lost")

/* CHATTERBOX_STATUS_OK, CHATTERBOX_STATUS_END_OF_STREAM, ... */
typedef int32_t chatterbox_status;
enum {
#define CHATTERBOX_DEFINE_STATUS(name, camel, value, text) CHATTERBOX_STATUS_##name = value,
  CHATTERBOX_FOR_EACH_STATUS(CHATTERBOX_DEFINE_STATUS)
#undef CHATTERBOX_DEFINE_STATUS
};

/* Returns the text of a status, such as "invalid argument"; "unknown status" for other numbers.
 * Static string. Never fails. */
CHATTERBOX_API const char* chatterbox_status_string(chatterbox_status status);

/* Returns one line about the last failure on the calling thread; "" before the first. Functions
 * that succeed do not change it. The string belongs to the library and is valid until the next
 * failure on this thread, or the thread's end. Never NULL, never fails. chatterbox_job_get_error()
 * also returns a job's own failure, on any thread. */
CHATTERBOX_API const char* chatterbox_last_error(void);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_STATUS_H */
