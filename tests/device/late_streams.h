// Streams of the stand-in device that put their work off for as long as they may: until an event is
// waited for that comes after it. Who reads its results earlier reads NaN, or what was there
// before; who overwrites what it has yet to read, changes its results. Whole numbers are there at
// once: they are indices of what follows. Of one thread.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <c10/core/Stream.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace chatterbox::testing {

[[nodiscard]] c10::Stream current_stream();
[[nodiscard]] c10::Stream exchange_stream(c10::Stream stream);  // returns the one before
[[nodiscard]] c10::Stream new_stream();

// Of a stream: how much work it was asked for; has it done up to there; whether it is.
[[nodiscard]] int64_t asked_of(c10::Stream stream);
void do_until(c10::Stream stream, int64_t work);
[[nodiscard]] bool is_done(c10::Stream stream, int64_t work);

// One operator on the current stream, which its caller does between construction and put_off() for
// the shapes of its results.
class LateWork {
 public:
  // Its arguments, and those of them that it writes to.
  LateWork(const std::vector<c10::IValue>& arguments, const std::vector<c10::IValue>& written);
  [[nodiscard]] bool is_late() const { return late_; }
  // Takes back what was done, hides results that are no views, and has `again` done later.
  void put_off(const std::vector<c10::IValue>& results, std::function<void()> again) const;

 private:
  struct Before {
    c10::Storage storage;
    std::vector<char> bytes;
  };
  bool late_;
  std::vector<c10::Storage> given_;
  std::vector<Before> before_;
};

// On the current stream, which is late.
void put_off_work(std::function<void()> work);

}  // namespace chatterbox::testing
