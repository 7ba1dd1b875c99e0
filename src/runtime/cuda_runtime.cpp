#include "runtime/cuda_runtime.h"

#include "support/error.h"

#ifdef CHATTERBOX_WITH_CUDA
#include <dlfcn.h>

#include <climits>
#include <string>
#endif

namespace chatterbox::runtime {

#ifdef CHATTERBOX_WITH_CUDA
namespace {

std::string last_dl_error() {
  // The message is the thread's own. NOLINTNEXTLINE(concurrency-mt-unsafe)
  const char* text = dlerror();
  return text != nullptr ? text : "no reason given";
}

// The folder that libtorch_cpu.so was loaded from.
std::string libtorch_folder() {
  void* cpu = dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD);
  if (cpu == nullptr) fail(Status::kDevice, "libtorch_cpu.so is not loaded");
  char origin[PATH_MAX] = "";
  const int result = dlinfo(cpu, RTLD_DI_ORIGIN, origin);
  dlclose(cpu);
  if (result != 0) fail(Status::kDevice, "cannot locate libtorch_cpu.so: {}", last_dl_error());
  return origin;
}

}  // namespace

// The handles stay open on purpose: libtorch registers its CUDA code once for the whole process.
void load_cuda_runtime() {
  // Without a driver the rest would load (100 ms, 1 GB of mappings) only to find no device.
  if (dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL) == nullptr) {
    fail(Status::kDevice, "no NVIDIA driver: {}", last_dl_error());
  }
  const std::string path = libtorch_folder() + "/libtorch_cuda.so";
  if (dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    fail(Status::kDevice, "cannot load libtorch's CUDA libraries: {}", last_dl_error());
  }
}

int64_t free_cuda_memory() {
  // int cudaMemGetInfo(size_t* free, size_t* total), in the runtime that libtorch's libraries need.
  using MemGetInfo = int (*)(size_t*, size_t*);
  const auto get = reinterpret_cast<MemGetInfo>(dlsym(RTLD_DEFAULT, "cudaMemGetInfo"));
  if (get == nullptr) fail(Status::kDevice, "no cudaMemGetInfo: {}", last_dl_error());
  size_t free = 0, total = 0;
  if (const int error = get(&free, &total); error != 0) {
    fail(Status::kDevice, "cudaMemGetInfo failed: CUDA error {}", error);
  }
  return static_cast<int64_t>(free);
}
#else
namespace {

const char* const kNoCuda = "this build has no CUDA (it was configured with CHATTERBOX_CUDA=OFF)";

}  // namespace

void load_cuda_runtime() { fail(Status::kUnsupported, "{}", kNoCuda); }

int64_t free_cuda_memory() { fail(Status::kUnsupported, "{}", kNoCuda); }
#endif

}  // namespace chatterbox::runtime
