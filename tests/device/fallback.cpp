#include "device/fallback.h"

#include <ATen/core/LegacyTypeDispatch.h>

#include <string>
#include <vector>

#include "device/device_counts.h"
#include "device/graph_recording.h"
#include "device/late_streams.h"
#include "device/shadows.h"

namespace chatterbox::testing {
namespace {

using Schema = c10::FunctionSchema;

bool is_written(const c10::Argument& argument) {
  return argument.alias_info() != nullptr && argument.alias_info()->isWrite();
}

using Values = std::vector<c10::IValue>;

Values written(const Schema& schema, const Values& arguments) {
  Values all;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (is_written(schema.arguments()[i])) all.push_back(arguments[i]);
  }
  return all;
}

// One call of an operator.
class Call {
 public:
  Call(const c10::OperatorHandle& op, const Values& arguments)
      : schema_(op.schema()), arguments_(arguments) {
    const at::AutoDispatchBelowADInplaceOrView below_autograd;
    for (size_t i = 0; i < arguments.size(); ++i) check_sides(i);
    for (size_t i = 0; i < arguments.size(); ++i) {
      cpu_.push_back(to_cpu(arguments[i], is_written(schema_.arguments()[i])));
    }
    // libtorch hands several results back as references to arguments that it has dropped.
    const Values kept = cpu_;
    op.callBoxed(&cpu_);
    shadows_.finish();
  }

  // In the place of the CPU's.
  [[nodiscard]] Values results() {
    Values results;
    for (size_t i = 0; i < cpu_.size(); ++i) {
      results.push_back(to_device(cpu_[i], schema_.returns()[i]));
    }
    return results;
  }
  // The same where the device has them from the call before.
  void results_again(const Values& before) {
    for (size_t i = 0; i < cpu_.size(); ++i) {
      if (is_written(schema_.returns()[i])) continue;
      if (cpu_[i].isTensor()) shadows_.result_again(cpu_[i].toTensor(), before[i].toTensor());
      if (!cpu_[i].isTensorList()) continue;
      const std::vector<at::Tensor> all = before[i].toTensorVector();
      size_t next = 0;
      for (const at::Tensor& each : cpu_[i].toTensorVector()) {
        shadows_.result_again(each, all.at(next++));
      }
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
  const Values& arguments_;
  Shadows shadows_;
  torch::jit::Stack cpu_;  // arguments, and then results
};

}  // namespace

void run_on_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const std::string& name = op.schema().name();
  count_operator(name);
  const size_t count = op.schema().arguments().size();
  const Values arguments(stack->end() - static_cast<std::ptrdiff_t>(count), stack->end());
  torch::jit::drop(stack, count);
  const LateWork work(arguments, written(op.schema(), arguments));
  const Values results = Call(op, arguments).results();
  for (const c10::IValue& result : results) {
    if (result.isTensor() || result.isTensorList()) continue;
    GraphRecording::refuse("a result for the host");
    count_synchronisation();
  }
  if (work.is_late()) {
    work.put_off(results, [op, arguments, results] { Call(op, arguments).results_again(results); });
  }
  if (GraphRecording* recording = GraphRecording::current()) {
    recording->add(name, arguments,
                   [op, arguments, results] { Call(op, arguments).results_again(results); });
  }
  stack->insert(stack->end(), results.begin(), results.end());
}

}  // namespace chatterbox::testing
