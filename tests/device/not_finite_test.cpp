// What is not finite in a request, on the stand-in device.
#include "runtime/not_finite.h"

#include "device/device_options.h"
#include "support/synthetic_folder.h"

namespace chatterbox::testing {
namespace {

EngineOptions on_device() { return device_options(synthetic_folder()); }

// Of what is on the device, a view shows a copy that was just made.
float* memory(const TensorView& view) {
  void* const device = downloaded_from(view.data);
  return static_cast<float*>(device != nullptr ? device : const_cast<void*>(view.data));
}

INSTANTIATE_TEST_SUITE_P(
    OnDevice, NotFinite,
    ::testing::Values(NotFiniteSetup{
        "Fp32", &on_device, {"s3gen.mu", "s3gen.mel", "s3gen.source"}, &memory}),
    &name_of);

}  // namespace
}  // namespace chatterbox::testing
