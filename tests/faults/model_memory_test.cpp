// An engine over the demo model where one allocation fails: of the library's own code, or of the
// elements of a tensor. Those that libtorch makes besides do not: in some places it ends the
// process, as SECURITY.md says. There are many thousands, so every so-and-so-many-th is tried.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "capi/owners.h"
#include "support/allocations.h"
#include "support/own_memory.h"

// Where the code of this program, and so of the library in it, begins and ends: from the linker.
extern const char __executable_start, etext;

namespace chatterbox::capi_test {
namespace {

std::atomic<int> tensors_failed{0};

bool is_ours(const void* caller) { return caller >= &__executable_start && caller < &etext; }

// Where the library of libtorch that allocates the elements of tensors has its code. dladdr() would
// say it of any address, but goes through all symbols of libtorch.
struct Code {
  uintptr_t begin = 0, end = 0;
};
int find_c10(dl_phdr_info* library, size_t /*size*/, void* found) {
  if (std::string_view(library->dlpi_name).find("libc10.so") == std::string_view::npos) return 0;
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const auto& part = library->dlpi_phdr[i];
    const uintptr_t begin = library->dlpi_addr + part.p_vaddr;
    if ((part.p_flags & PF_X) != 0) *static_cast<Code*>(found) = {begin, begin + part.p_memsz};
  }
  return 1;
}

bool is_a_tensors(const void* caller) {
  static const Code kC10 = [] {
    Code code;
    dl_iterate_phdr(find_c10, &code);
    return code;
  }();
  const auto address = reinterpret_cast<uintptr_t>(caller);
  return address >= kC10.begin && address < kC10.end;
}

}  // namespace
}  // namespace chatterbox::capi_test

// What libtorch calls for the elements of a tensor, and others for other things.
extern "C" [[gnu::visibility("default")]] int posix_memalign(void** memory, size_t alignment,
                                                             size_t size) noexcept {
  using Function = int (*)(void**, size_t, size_t);
  static const auto kAllocate = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "posix_memalign"));
  const auto* const ours = reinterpret_cast<const void*>(&posix_memalign);
  if (chatterbox::capi_test::is_a_tensors(__builtin_return_address(0)) &&
      chatterbox::testing::fails_anywhere(ours)) {
    ++chatterbox::capi_test::tensors_failed;
    return ENOMEM;
  }
  return kAllocate(memory, alignment, size);
}

namespace chatterbox::capi_test {
namespace {

// CHATTERBOX_FAULTS_STRIDE=1 tries each, for hours.
int64_t stride(int64_t otherwise) {
  const char* const value = std::getenv("CHATTERBOX_FAULTS_STRIDE");
  return value == nullptr ? otherwise : std::atoi(value);
}

chatterbox_engine_options demo() {
  chatterbox_engine_options options = default_options();
  options.model = "demo";
  options.device = "cpu";
  options.threads = 1;
  return options;
}

// One whole and one in chunks, at a time: what they end with, and give.
struct Spoken {
  chatterbox_status submitted[2] = {};
  chatterbox_status ended[2] = {};
  std::vector<float> samples[2];
  bool has_failed = false;  // an allocation
};

// Allocates nothing: there is room.
void read(chatterbox_job* stream, std::vector<float>& samples) {
  chatterbox_chunk chunk{};
  chunk.struct_size = sizeof chunk;
  while (chatterbox_job_next(stream, CHATTERBOX_FOREVER, &chunk) == CHATTERBOX_STATUS_OK) {
    samples.insert(samples.end(), chunk.samples, chunk.samples + chunk.count);
  }
}

// Where `n` is not below 0, the allocation after the next `n` fails meanwhile, if it is made.
Spoken speak_two(const Owned<chatterbox_engine>& engine, int64_t n = -1) {
  Spoken spoken;
  chatterbox_job* jobs[2] = {};
  chatterbox_result* results[2] = {};
  chatterbox_request request = request_for("Hi.");
  request.max_new_tokens = 8;
  request.cfm_steps = 1;
  spoken.samples[1].reserve(size_t{1} << 16U);
  testing::fail_one_anywhere(n, &is_ours);
  spoken.submitted[0] = chatterbox_engine_submit(engine.get(), &request, &jobs[0]);
  request.stream = CHATTERBOX_STREAM_CHUNKS;
  spoken.submitted[1] = chatterbox_engine_submit(engine.get(), &request, &jobs[1]);
  if (jobs[1] != nullptr) read(jobs[1], spoken.samples[1]);
  for (size_t i = 0; i < 2; ++i) {
    if (jobs[i] == nullptr) continue;
    spoken.ended[i] = chatterbox_job_wait(jobs[i], CHATTERBOX_FOREVER, &results[i]);
  }
  spoken.has_failed = testing::has_failed_anywhere();
  testing::fail_one_anywhere(-1);
  for (size_t i = 0; i < 2; ++i) {
    const Owned<chatterbox_job> job(jobs[i]);
    const Owned<chatterbox_result> result(results[i]);
    if (i == 0 && result) spoken.samples[i] = samples_of(result);
  }
  return spoken;
}

bool is_clean(chatterbox_status status) {
  return status == CHATTERBOX_STATUS_OK || status == CHATTERBOX_STATUS_OUT_OF_MEMORY;
}

TEST(ModelMemory, AnAllocationFailsWhileItSpeaks) {
  const chatterbox_engine_options options = demo();
  const auto engine = make_engine(&options);
  const Spoken whole = speak_two(engine);
  const int64_t before = testing::own_memory();
  int64_t n = 0;
  int tried = 0, failed = 0;
  for (bool has_failed = true; has_failed; n += stride(97), ++tried) {
    SCOPED_TRACE(n);
    const Spoken spoken = speak_two(engine, n);
    has_failed = spoken.has_failed;
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_TRUE(is_clean(spoken.submitted[i])) << spoken.submitted[i];
      EXPECT_TRUE(is_clean(spoken.ended[i])) << spoken.ended[i];
      if (spoken.submitted[i] + spoken.ended[i] != 0) ++failed;
    }
    const Spoken again = speak_two(engine);
    for (size_t i = 0; i < 2; ++i) ASSERT_TRUE(again.samples[i] == whole.samples[i]) << i;
    if (HasFailure()) break;
  }
  std::cout << tried << " of " << n << " allocations failed, " << tensors_failed
            << " of them tensors', and with them " << failed << " requests" << std::endl;
  EXPECT_GT(failed, tried / 2);
  const int64_t growth = testing::own_memory() - before;
  std::cout << "memory grew by " << growth / 1024 << " KiB" << std::endl;
  EXPECT_LT(growth, 8 << 20);
  EXPECT_GT(tensors_failed, 0);
}

TEST(ModelMemory, AnAllocationFailsWhileTheModelIsLoaded) {
  int64_t n = 0;
  int tried = 0;
  for (bool has_failed = true; has_failed; n += stride(997), ++tried) {
    SCOPED_TRACE(n);
    chatterbox_engine* engine = nullptr;
    const chatterbox_engine_options options = demo();
    testing::fail_one_anywhere(n, &is_ours);
    const chatterbox_status status = chatterbox_engine_create(&options, &engine);
    has_failed = testing::has_failed_anywhere();
    testing::fail_one_anywhere(-1);
    const Owned<chatterbox_engine> owner(engine);
    ASSERT_TRUE(is_clean(status)) << chatterbox_last_error();
    EXPECT_EQ(engine != nullptr, status == CHATTERBOX_STATUS_OK);
  }
  std::cout << tried << " of " << n << " allocations failed" << std::endl;
  EXPECT_GT(tried, 10);
}

}  // namespace
}  // namespace chatterbox::capi_test
