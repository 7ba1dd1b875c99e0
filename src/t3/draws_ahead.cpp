#include "t3/draws_ahead.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/TransformationHelper.h>

#include <utility>

namespace chatterbox::t3 {
namespace {

// As at::uniform_real_distribution<double> draws them one by one, with a copy of the engine that is
// inlined: 8194 numbers take 23 us, and 149 as torch's exponentials (Zen 5).
void draw_uniform(const at::Generator& generator, std::vector<double>& numbers) {
  auto* random = at::check_generator<at::CPUGeneratorImpl>(generator);
  at::mt19937 engine = random->engine();
  for (double& number : numbers) {
    const uint64_t high = engine();
    number = at::transformation::uniform_real<double>(high << 32 | engine(), 0, 1);
  }
  random->set_engine(engine);
}

}  // namespace

DrawsAhead::DrawsAhead(at::Generator generator, int64_t vocabulary)
    : generator_(std::move(generator)), uniform_(static_cast<size_t>(vocabulary)) {}

const double* DrawsAhead::next() {
  prepare();
  return uniform_.data();
}

void DrawsAhead::prepare() {
  if (prepared_) return;
  states_.push_back(generator_.clone());
  draw_uniform(generator_, uniform_);
  ++made_;
  prepared_ = true;
}

at::Generator DrawsAhead::after(int64_t draws) {
  while (!states_.empty() && static_cast<int64_t>(states_.size()) > made_ - draws) {
    states_.pop_front();
  }
  return states_.empty() ? generator_ : states_.front();
}

}  // namespace chatterbox::t3
