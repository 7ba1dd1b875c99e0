#include "engine/voice.h"

#include <utility>

#include "support/error.h"

namespace chatterbox {

Voice::Voice(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {
  if (!impl_) fail(Status::kInvalidArgument, "a voice without conditionals");
}

Voice Voice::load(const std::string& path) {
  return engine::wrap_voice(std::make_shared<const voice::Conditionals>(voice::load(path)));
}

void Voice::save(const std::string& path) const { voice::save(*impl_->conditionals(), path); }

Voice::Info Voice::info() const {
  const voice::Conditionals& conditionals = *impl_->conditionals();
  return {static_cast<int64_t>(conditionals.prompt_tokens.size()),
          static_cast<int64_t>(conditionals.s3gen_tokens.size()), conditionals.mel_frames()};
}

Voice engine::wrap_voice(std::shared_ptr<const voice::Conditionals> conditionals) {
  return Voice(std::make_shared<const Voice::Impl>(std::move(conditionals)));
}

}  // namespace chatterbox
