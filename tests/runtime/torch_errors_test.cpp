// libtorch's exceptions become ours, by what they are about.
#include "runtime/torch_errors.h"

#include <gtest/gtest.h>

#include <string>

namespace chatterbox::runtime {
namespace {

template <class Exception>
std::pair<Status, std::string> translated(const Exception& exception) {
  try {
    translate_torch_errors([&] { throw exception; });
  } catch (const Error& error) {
    return {error.status(), error.what()};
  }
  return {Status::kOk, ""};
}

c10::Error torch_error(const std::string& message) {
  return c10::Error(c10::SourceLocation{__func__, __FILE__, __LINE__}, message);
}

TEST(TorchErrors, TheFirstLineIsKeptAndTheStatusIsOfTheCause) {
  const auto [status, message] = translated(torch_error("shapes differ\nbacktrace"));
  EXPECT_EQ(status, Status::kInternal);
  EXPECT_EQ(message, "libtorch: shapes differ");
}

TEST(TorchErrors, MemoryIsToldFromADeadDevice) {
  EXPECT_EQ(translated(torch_error("DefaultCPUAllocator: can't allocate memory: you tried")).first,
            Status::kOutOfMemory);
  const c10::SourceLocation here{__func__, __FILE__, __LINE__};
  EXPECT_EQ(translated(c10::OutOfMemoryError(here, "CUDA out of memory")).first,
            Status::kOutOfMemory);
  for (const char* message : {"CUDA error: out of memory",
                              "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"}) {
    EXPECT_EQ(translated(torch_error(message)).first, Status::kOutOfMemory) << message;
    EXPECT_EQ(translated(c10::AcceleratorError(here, 2, message)).first, Status::kOutOfMemory);
  }
  EXPECT_EQ(translated(c10::AcceleratorError(here, 700, "an illegal access")).first,
            Status::kDeviceLost);
  for (const char* message : {"CUDA error: an illegal memory access was encountered",
                              "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling cublasSgemm",
                              "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR"}) {
    EXPECT_EQ(translated(torch_error(message)).first, Status::kDeviceLost) << message;
  }
}

TEST(TorchErrors, OtherExceptionsPass) {
  EXPECT_THROW(translate_torch_errors([] { throw std::runtime_error("mine"); }),
               std::runtime_error);
  EXPECT_EQ(translate_torch_errors([] { return 3; }), 3);
}

}  // namespace
}  // namespace chatterbox::runtime
