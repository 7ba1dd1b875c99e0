/* load_and_unload LIBRARY LOADS ENGINES: a host that loads the library, speaks with engines in turn
 * and unloads it, so often. After the first time what it has allocated stays as it is. */
#include <chatterbox/chatterbox.h>
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#define FUNCTION(name)                                  \
  __typeof__(&chatterbox_##name) name;                  \
  *(void**)&name = dlsym(library, "chatterbox_" #name); \
  if (name == NULL) return fail("chatterbox_" #name)

static int fail(const char* what) {
  const char* reason = dlerror();
  fprintf(stderr, "%s: %s\n", what, reason == NULL ? "failed" : reason);
  return 1;
}

static int speak(void* library) {
  FUNCTION(version);
  FUNCTION(engine_create);
  FUNCTION(engine_generate);
  FUNCTION(engine_destroy);
  FUNCTION(request_init);
  FUNCTION(result_destroy);
  chatterbox_engine* engine = NULL;
  chatterbox_result* result = NULL;
  chatterbox_request request;
  if (version()[0] == '\0' || engine_create(NULL, &engine) != 0) return fail("no engine");
  if (request_init(&request, sizeof request) != 0) return fail("no request");
  request.text = "Hi.";
  request.max_new_tokens = 8;
  request.cfm_steps = 1;
  if (engine_generate(engine, &request, &result) != 0) return fail("no speech");
  result_destroy(result);
  engine_destroy(engine);
  return 0;
}

/* MiB that are allocated. Resident memory says little: of what is freed, malloc keeps now 30 and
 * now 100 MiB. */
static double allocated(void) {
  const struct mallinfo2 info = mallinfo2();
  return (double)(info.uordblks + info.hblkhd) / (1 << 20);
}

int main(int argc, char** argv) {
  const double most_growth = 4; /* measured: 0.1 to 0.7 */
  double before = 0, growth;
  int load, i, loads, engines;
  if (argc != 4) return 2;
  loads = atoi(argv[2]);
  engines = atoi(argv[3]);
  for (load = 0; load < loads; ++load) {
    void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return fail("dlopen");
    for (i = 0; i < engines; ++i) {
      if (speak(library) != 0) return 1;
    }
    if (dlclose(library) != 0) return fail("dlclose");
    if (load == 0) before = allocated();
  }
  growth = allocated() - before;
  printf("%d loads of %d engines; what is allocated grew by %.1f MiB after the first\n", loads,
         engines, growth);
  return growth > most_growth ? 1 : 0;
}
