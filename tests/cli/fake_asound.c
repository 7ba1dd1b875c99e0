/* A sound device for the program's tests: ALSA's functions, as far as the program uses them. What
 * is played goes to the file that FAKE_SOUND names, as it is; without that, no device opens. */
#include <stdio.h>
#include <stdlib.h>

static FILE* played;

int snd_lib_error_set_handler(void* handler) { return handler == NULL; }

int snd_pcm_open(void** pcm, const char* name, int stream, int mode) {
  const char* path = getenv("FAKE_SOUND");
  if (path == NULL || name[0] != 'd' || stream != 0 || mode != 0) return -2;
  played = fopen(path, "wb");
  *pcm = &played;
  return 0;
}

int snd_pcm_set_params(void* pcm, int format, int access, unsigned channels, unsigned rate,
                       int resample, unsigned latency) {
  (void)pcm;
  return format == 14 && access == 3 && channels == 1 && rate == 24000 && resample == 1 &&
                 latency > 0
             ? 0
             : -22;
}

/* Fails every fifth time, as after an underrun, and takes half of what is more than one. */
long snd_pcm_writei(void* pcm, const void* samples, unsigned long count) {
  static int calls;
  (void)pcm;
  if (++calls % 5 == 0) return -32;
  if (count > 1) count /= 2;
  return (long)fwrite(samples, 4, count, played);
}

int snd_pcm_recover(void* pcm, int error, int silent) {
  (void)pcm;
  (void)silent;
  return error == -32 ? 0 : error;
}

int snd_pcm_drain(void* pcm) {
  (void)pcm;
  return fflush(played);
}

int snd_pcm_drop(void* pcm) {
  (void)pcm;
  return 0;
}

int snd_pcm_close(void* pcm) {
  (void)pcm;
  return fclose(played);
}

const char* snd_strerror(int error) { return error == -2 ? "nothing plays here" : "other"; }
