#include <chatterbox/status.h>

#ifdef CHATTERBOX_LIBTORCH_VERSION
#define CHATTERBOX_LIBTORCH_INFO "libtorch " CHATTERBOX_LIBTORCH_VERSION
#else
#define CHATTERBOX_LIBTORCH_INFO "no libtorch"
#endif
#ifdef CHATTERBOX_WITH_CUDA
#define CHATTERBOX_CUDA_INFO "CUDA on demand"
#else
#define CHATTERBOX_CUDA_INFO "no CUDA"
#endif

uint32_t chatterbox_abi_version(void) { return CHATTERBOX_ABI_VERSION; }

const char* chatterbox_version(void) { return CHATTERBOX_VERSION; }

const char* chatterbox_build_info(void) {
  return "chatterbox " CHATTERBOX_VERSION ", " CHATTERBOX_LIBTORCH_INFO ", " CHATTERBOX_CUDA_INFO;
}

const char* chatterbox_status_string(chatterbox_status status) {
  switch (status) {
#define CHATTERBOX_STATUS_CASE(name, camel, value, text) \
  case value:                                            \
    return text;
    CHATTERBOX_FOR_EACH_STATUS(CHATTERBOX_STATUS_CASE)
#undef CHATTERBOX_STATUS_CASE
    default:
      return "unknown status";
  }
}
