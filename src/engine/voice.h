// The public Voice over the plain numbers that the models take.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <memory>

#include "voice/conditionals.h"

namespace chatterbox {

class Voice::Impl {
 public:
  explicit Impl(std::shared_ptr<const voice::Conditionals> conditionals)
      : conditionals_(std::move(conditionals)) {}
  [[nodiscard]] const std::shared_ptr<const voice::Conditionals>& conditionals() const {
    return conditionals_;
  }

 private:
  std::shared_ptr<const voice::Conditionals> conditionals_;  // never null
};

namespace engine {
[[nodiscard]] Voice wrap_voice(std::shared_ptr<const voice::Conditionals> conditionals);
}

}  // namespace chatterbox
