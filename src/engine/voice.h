// A voice as callers hold it: immutable, and cheap to copy.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "voice/conditionals.h"

namespace chatterbox {

class Voice {
 public:
  // kInternal where it is null.
  explicit Voice(std::shared_ptr<const voice::Conditionals> conditionals);

  // Reads a voice saved by save(), or a conds.pt of the Python package.
  [[nodiscard]] static Voice load(const std::string& path);
  [[nodiscard]] static Voice parse(std::string_view bytes, const std::string& name);
  void save(const std::string& path) const;
  [[nodiscard]] std::string serialise() const;  // what save() writes

  // 32 hexadecimal digits, equal for equal content, wherever it came from.
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const std::shared_ptr<const voice::Conditionals>& conditionals() const {
    return conditionals_;
  }

 private:
  std::shared_ptr<const voice::Conditionals> conditionals_;  // null only once moved from
  std::string id_;
};

}  // namespace chatterbox
