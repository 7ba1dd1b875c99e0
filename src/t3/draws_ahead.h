// A sequence's random numbers, made on the host before anybody knows whether they are needed: they
// do not depend on what is drawn with them.
#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <deque>
#include <vector>

namespace chatterbox::t3 {

class DrawsAhead {
 public:
  // Of one generator, from now on; it is nobody else's any more.
  DrawsAhead(at::Generator generator, int64_t vocabulary);

  // What torch.multinomial would make the next draw's exponentials from, -log(1 - u), in [0, 1),
  // [vocabulary]: made here, unless prepare() has done it. The logarithms take most of the time,
  // and are the device's.
  [[nodiscard]] const double* next();
  void prepare();
  // The next draw is another one.
  void advance() { prepared_ = false; }
  // The generator as it is after so many draws, not fewer than in the call before, and not more
  // than there were.
  [[nodiscard]] at::Generator after(int64_t draws);

 private:
  at::Generator generator_;
  std::vector<double> uniform_;
  bool prepared_ = false;
  int64_t made_ = 0;
  std::deque<at::Generator> states_;  // before the last draws that were made, the latest last
};

}  // namespace chatterbox::t3
