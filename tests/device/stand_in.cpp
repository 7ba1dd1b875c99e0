#include "device/stand_in.h"

#include <ATen/EmptyTensor.h>
#include <ATen/Functions.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_as_complex_native.h>
#include <ATen/ops/view_as_real_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <utility>

#include "device/device_counts.h"
#include "device/fallback.h"
#include "device/fused_kernels.h"
#include "device/graph_recording.h"
#include "device/hidden_memory.h"
#include "device/late_streams.h"
#include "device/shadows.h"

namespace chatterbox::testing {
namespace {

using at::Tensor;
using c10::DispatchKey;
const c10::Device kDevice{c10::kPrivateUse1, 0};

void synchronise() {
  GraphRecording::refuse("a wait for the device");
  count_synchronisation();
  do_until(current_stream(), asked_of(current_stream()));
}

// The work that comes before it.
struct WorkSoFar {
  int64_t counted = 0;
  c10::Stream stream = current_stream();
  int64_t of_stream = 0;
  bool queried = false;
};

// One device. Its streams do their work at once, unless they are LateStreams.
struct Guard final : c10::impl::NoOpDeviceGuardImpl<c10::kPrivateUse1> {
  [[nodiscard]] c10::Device exchangeDevice(c10::Device /*to*/) const override { return kDevice; }
  [[nodiscard]] c10::Device getDevice() const override { return kDevice; }
  [[nodiscard]] c10::Stream getStream(c10::Device /*device*/) const noexcept override {
    return current_stream();
  }
  [[nodiscard]] c10::Stream exchangeStream(c10::Stream stream) const noexcept override {
    return exchange_stream(stream);
  }
  [[nodiscard]] c10::Stream getStreamFromGlobalPool(c10::Device /*device*/,
                                                    bool /*high*/) const override {
    return new_stream();
  }
  void* getStreamNativeHandle(const c10::Stream /*stream*/) const override { return nullptr; }
  void synchronizeDevice(c10::DeviceIndex /*index*/) const override { synchronise(); }
  void synchronizeStream(const c10::Stream& stream) const override {
    count_synchronisation();
    do_until(stream, asked_of(stream));
  }

  void record(void** event, const c10::Stream& stream, c10::DeviceIndex /*index*/,
              c10::EventFlag /*flag*/) const override {
    if (*event == nullptr) *event = new WorkSoFar;
    *static_cast<WorkSoFar*>(*event) = {work_so_far(), stream, asked_of(stream)};
  }
  void destroyEvent(void* event, c10::DeviceIndex /*index*/) const noexcept override {
    delete static_cast<WorkSoFar*>(event);
  }
  void block(void* event, const c10::Stream& stream) const override {
    const auto& work = *static_cast<WorkSoFar*>(event);
    if (work.stream != stream) do_until(work.stream, work.of_stream);
  }
  // What is late is done when it is asked about for the second time.
  [[nodiscard]] bool queryEvent(void* event) const override {
    auto& work = *static_cast<WorkSoFar*>(event);
    if (std::exchange(work.queried, true)) do_until(work.stream, work.of_stream);
    return is_done(work.stream, work.of_stream);
  }
  void synchronizeEvent(void* event) const override {
    const auto& work = *static_cast<WorkSoFar*>(event);
    count_wait_for(work.counted);
    do_until(work.stream, work.of_stream);
  }
};

struct Hooks final : at::PrivateUse1HooksInterface {
  [[nodiscard]] bool isBuilt() const override { return true; }
  [[nodiscard]] bool isAvailable() const override { return true; }
  [[nodiscard]] bool hasPrimaryContext(c10::DeviceIndex /*index*/) const override { return true; }
  [[nodiscard]] c10::Allocator* getPinnedMemoryAllocator() const override {
    return c10::GetCPUAllocator();
  }
};

Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> type,
             std::optional<at::Layout> /*layout*/, std::optional<at::Device> /*device*/,
             std::optional<bool> /*pinned*/, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(size, hidden_memory(),
                                   c10::DispatchKeySet(DispatchKey::PrivateUse1),
                                   at::dtype_or_default(type), format);
}

Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride,
                     std::optional<at::ScalarType> type, std::optional<at::Layout> /*layout*/,
                     std::optional<at::Device> /*device*/, std::optional<bool> /*pinned*/) {
  return at::detail::empty_strided_generic(size, stride, hidden_memory(),
                                           c10::DispatchKeySet(DispatchKey::PrivateUse1),
                                           at::dtype_or_default(type));
}

// Only what is empty grows: a device that moves what a tensor holds waits for it.
const Tensor& resize(const Tensor& self, at::IntArrayRef size,
                     std::optional<at::MemoryFormat> format) {
  const size_t bytes =
      at::detail::computeStorageNbytesContiguous(size, self.itemsize(), self.storage_offset());
  if (bytes > self.storage().nbytes()) {
    TORCH_CHECK(self.numel() == 0, "a tensor on the device grows from ", self.sizes(), " to ",
                size);
    const c10::Storage& storage = self.storage();
    storage.set_data_ptr_noswap(hidden_memory()->allocate(bytes));
    storage.set_nbytes(bytes);
  }
  self.unsafeGetTensorImpl()->set_sizes_contiguous(size);
  if (format) self.unsafeGetTensorImpl()->empty_tensor_restride(*format);
  return self;
}

struct Download {
  void* from = nullptr;
  const void* to = nullptr;
};
thread_local Download last_download;

void copy_bytes(const Tensor& from, const Tensor& to) {
  Shadows shadows;
  const at::AutoDispatchBelowADInplaceOrView below_autograd;
  (on_device(to) ? shadows.of(to) : to).copy_(on_device(from) ? shadows.of(from) : from);
}

// To, from and on the device.
Tensor copy_from(const Tensor& self, const Tensor& to, bool non_blocking) {
  const auto bytes = static_cast<int64_t>(self.nbytes());
  const bool from_device = on_device(self), to_device = on_device(to);
  if (from_device && to_device) {
    count_operator("aten::copy_");
    if (GraphRecording* recording = GraphRecording::current()) {
      recording->add("aten::copy_", {self, to}, [self, to] { copy_bytes(self, to); });
    }
  } else {
    GraphRecording::refuse("a copy from or to the host");
    to_device ? count_upload(bytes) : count_download(bytes);
    last_download = {};
    if (from_device && self.is_contiguous()) {
      last_download = {behind(self.mutable_data_ptr()), to.const_data_ptr()};
    }
    if (self.scalar_type() != to.scalar_type()) count_operator("aten::copy_");
    if (!non_blocking) synchronise();
  }
  const LateWork work({self, to}, {to});
  copy_bytes(self, to);
  if (!work.is_late()) return to;
  if (from_device && to_device) work.put_off({}, [self, to] { copy_bytes(self, to); });
  if (from_device && !to_device && non_blocking) {
    put_off_work([self, to] { copy_bytes(self, to); });
  }
  if (!from_device) {  // what follows may need it for indices
    const Tensor host = self.clone();
    put_off_work([host, to] { copy_bytes(host, to); });
  }
  return to;
}

at::Scalar read_scalar(const Tensor& self) {
  count_download(static_cast<int64_t>(self.itemsize()));
  synchronise();
  Shadows shadows;
  return shadows.of(self).item();
}

void register_operators(torch::Library& aten) {
  const auto boxed = [] { return torch::CppFunction::makeFromBoxedFunction<&run_on_cpu>(); };
  aten.impl("empty.memory_format", &empty);
  aten.impl("empty_strided", &empty_strided);
  aten.impl("resize_", &resize);
  aten.impl("_copy_from", &copy_from);
  aten.impl("_local_scalar_dense", &read_scalar);
  aten.impl("as_strided", &at::native::as_strided_tensorimpl);
  aten.impl("view", &at::native::view);
  aten.impl("_reshape_alias", &at::native::_reshape_alias);
  aten.impl("unfold", &at::native::unfold);
  aten.impl("view_as_real", &at::native::view_as_real);
  aten.impl("view_as_complex", &at::native::view_as_complex);
  // Kernels of CUDA that other devices put together from several operators.
  aten.impl("native_layer_norm", boxed());
  aten.impl("_fused_rms_norm", boxed());
}

}  // namespace

void* downloaded_from(const void* copy) {
  return copy == last_download.to ? last_download.from : nullptr;
}

void use_stand_in() {
  static const bool done = [] {
    c10::register_privateuse1_backend(kStandIn);
    c10::SetAllocator(c10::kPrivateUse1, hidden_memory());
    c10::impl::registerDeviceGuard(c10::kPrivateUse1, new Guard);
    at::RegisterPrivateUse1HooksInterface(new Hooks);
    // For as long as the process lives, like libtorch's own.
    static auto* const fallback =
        new torch::Library(torch::Library::IMPL, "_", DispatchKey::PrivateUse1, __FILE__, __LINE__);
    fallback->fallback(torch::CppFunction::makeFromBoxedFunction<&run_on_cpu>());
    static auto* const aten = new torch::Library(torch::Library::IMPL, "aten",
                                                 DispatchKey::PrivateUse1, __FILE__, __LINE__);
    register_operators(*aten);
    register_fused_kernels(*aten);
    register_stand_in_graphs();
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace chatterbox::testing
