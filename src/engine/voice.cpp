#include "engine/voice.h"

#include <utility>

#include "support/error.h"

namespace chatterbox {
namespace {

Voice hold(voice::Conditionals conditionals) {
  return Voice(std::make_shared<const voice::Conditionals>(std::move(conditionals)));
}

}  // namespace

Voice::Voice(std::shared_ptr<const voice::Conditionals> conditionals)
    : conditionals_(std::move(conditionals)) {
  if (!conditionals_) fail(Status::kInternal, "a voice without conditionals");
  id_ = voice::content_id(*conditionals_);
}

Voice Voice::load(const std::string& path) { return hold(voice::load(path)); }

Voice Voice::parse(std::string_view bytes, const std::string& name) {
  return hold(voice::parse(bytes.data(), bytes.size(), name));
}

void Voice::save(const std::string& path) const { voice::save(*conditionals_, path); }

std::string Voice::serialise() const { return voice::serialise(*conditionals_); }

}  // namespace chatterbox
