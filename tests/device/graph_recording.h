// Graphs of the stand-in device: the operators that a piece of work asked for, which a replay has
// done again over the same memory, and a check that the work would ask for the same ones.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <c10/core/Allocator.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace chatterbox::testing {

// What the calling thread asks of the device while this lives.
class GraphRecording {
 public:
  GraphRecording();
  ~GraphRecording();
  GraphRecording(const GraphRecording&) = delete;
  GraphRecording& operator=(const GraphRecording&) = delete;

  // Of the calling thread; null where none lives.
  static GraphRecording* current();
  // Throws where one lives: CUDA cannot record what waits, or what is the host's.
  static void refuse(const char* what);

  // An operator that was done, and how it is done again.
  void add(const std::string& name, const std::vector<c10::IValue>& arguments,
           std::function<void()> again);
  // A kernel that was launched with these addresses.
  void add_launch(const std::string& name, const std::vector<const void*>& addresses,
                  std::function<void()> again);
  // New memory is the recording's own, so that it stays where it is. Returns who may use it.
  [[nodiscard]] c10::DataPtr keep(c10::DataPtr memory, size_t bytes);
  // All of it, for who needs it longer than the recording lives.
  [[nodiscard]] std::vector<c10::DataPtr> take_memory() { return std::move(memory_); }

  struct Operator {
    std::string description;  // name, and arguments; memory of its own by number, other by address
    std::function<void()> again;
  };
  [[nodiscard]] const std::vector<Operator>& operators() const { return operators_; }

 private:
  [[nodiscard]] std::string describe(const c10::IValue& value) const;
  [[nodiscard]] std::string describe(const at::Tensor& tensor) const;
  [[nodiscard]] std::string place_of(const void* address) const;

  struct Allocation {
    size_t number, bytes;  // in the order of allocation
  };

  GraphRecording* outer_;
  std::vector<Operator> operators_;
  std::vector<c10::DataPtr> memory_;
  std::map<const char*, Allocation> own_;  // by their addresses
};

// Gives the stand-in device its graphs.
void register_stand_in_graphs();

}  // namespace chatterbox::testing
