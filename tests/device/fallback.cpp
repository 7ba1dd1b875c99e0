#include "device/fallback.h"

#include <ATen/core/LegacyTypeDispatch.h>

#include "device/device_counts.h"
#include "device/shadows.h"

namespace chatterbox::testing {
namespace {

using Schema = c10::FunctionSchema;

bool is_written(const c10::Argument& argument) {
  return argument.alias_info() != nullptr && argument.alias_info()->isWrite();
}

// The arguments of one call, taken from the stack.
class Call {
 public:
  Call(const Schema& schema, torch::jit::Stack* stack) : schema_(schema), stack_(stack) {
    const size_t count = schema.arguments().size();
    arguments_.assign(stack->end() - static_cast<std::ptrdiff_t>(count), stack->end());
    for (size_t i = 0; i < count; ++i) check_sides(i);
    torch::jit::drop(stack, count);
    for (size_t i = 0; i < count; ++i) {
      stack->push_back(to_cpu(arguments_[i], is_written(schema.arguments()[i])));
    }
  }

  // Puts the results in the place of the CPU's.
  void take_results() {
    shadows_.finish();
    const size_t count = schema_.returns().size();
    const size_t first = stack_->size() - count;
    for (size_t i = 0; i < count; ++i) {
      c10::IValue& value = (*stack_)[first + i];
      if (!value.isTensor() && !value.isTensorList()) count_synchronisation();
      value = to_device(value, schema_.returns()[i]);
    }
  }

 private:
  void check_side(const at::Tensor& tensor, size_t argument) const {
    TORCH_CHECK(!tensor.defined() || on_device(tensor) || tensor.dim() == 0,
                "wrong side: ", schema_.name(), " on the device got ",
                schema_.arguments()[argument].name(), " on the host");
  }
  void check_sides(size_t i) const {
    const c10::IValue& value = arguments_[i];
    if (value.isTensor()) check_side(value.toTensor(), i);
    if (value.isTensorList()) {
      for (const at::Tensor& each : value.toTensorVector()) check_side(each, i);
    }
    if (value.isOptionalTensorList()) {
      for (const auto& each : value.toOptionalTensorVector()) {
        if (each) check_side(*each, i);
      }
    }
  }

  at::Tensor cpu_of(const at::Tensor& tensor, bool written) {
    return on_device(tensor) ? shadows_.of(tensor, written) : tensor;
  }
  c10::IValue to_cpu(const c10::IValue& value, bool written) {
    if (value.isTensor()) return cpu_of(value.toTensor(), written);
    if (value.isDevice()) return c10::Device(c10::kCPU);
    if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& each : value.toTensorVector()) list.push_back(cpu_of(each, written));
      return list;
    }
    if (!value.isOptionalTensorList()) return value;
    c10::List<std::optional<at::Tensor>> list;
    for (const auto& each : value.toOptionalTensorVector()) {
      list.push_back(each ? std::optional(cpu_of(*each, written)) : each);
    }
    return list;
  }

  // What was written is itself the result.
  c10::IValue to_device(const c10::IValue& value, const c10::Argument& of) {
    if (is_written(of)) {
      for (size_t i = 0; i < arguments_.size(); ++i) {
        const c10::Argument& argument = schema_.arguments()[i];
        if (is_written(argument) && *argument.alias_info() == *of.alias_info()) {
          return arguments_[i];
        }
      }
    }
    if (value.isTensor()) return shadows_.result(value.toTensor());
    if (!value.isTensorList()) return value;
    c10::List<at::Tensor> list;
    for (const at::Tensor& each : value.toTensorVector()) list.push_back(shadows_.result(each));
    return list;
  }

  const Schema& schema_;
  torch::jit::Stack* stack_;
  std::vector<c10::IValue> arguments_;
  Shadows shadows_;
};

}  // namespace

void run_on_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const at::AutoDispatchBelowADInplaceOrView below_autograd;
  count_operator(op.schema().name());
  Call call(op.schema(), stack);
  op.callBoxed(stack);
  call.take_results();
}

}  // namespace chatterbox::testing
