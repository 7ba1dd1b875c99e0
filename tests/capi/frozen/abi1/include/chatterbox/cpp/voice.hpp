// Voices. Include <chatterbox/chatterbox.hpp>, not this file.
#ifndef CHATTERBOX_CPP_VOICE_HPP
#define CHATTERBOX_CPP_VOICE_HPP

#include <chatterbox/cpp/bytes.hpp>
#include <chatterbox/cpp/core.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace chatterbox {
inline namespace abi1 {

struct VoiceOptions {
  // Turbo and Nano bring a recording to -27 LUFS (ITU-R BS.1770); false: they take it as it is.
  bool normalise_loudness = true;
  double prompt_seconds = 10;  // how much of the recording S3Gen continues from, 0.5 to 10
  std::function<void(const TensorView&)> on_tensor = nullptr;  // like a request's
};

// How a voice sounds: everything that the models take from a recording. Immutable; copies share it.
class Voice {
 public:
  explicit Voice(chatterbox_voice* handle) : handle_(handle, chatterbox_voice_destroy) {}

  // Reads a voice that save() wrote, or a conds.pt of the Python package.
  [[nodiscard]] static Voice load(const std::string& path) {
    chatterbox_voice* voice = nullptr;
    detail::check(chatterbox_voice_load(detail::c_string("path", path), &voice));
    return Voice(voice);
  }
  [[nodiscard]] static Voice load_from_memory(std::string_view bytes) {
    chatterbox_voice* voice = nullptr;
    detail::check(chatterbox_voice_load_from_memory(bytes.data(), bytes.size(), &voice));
    return Voice(voice);
  }
  void save(const std::string& path) const {
    detail::check(chatterbox_voice_save(handle(), detail::c_string("path", path)));
  }
  // The bytes that save() writes.
  [[nodiscard]] Bytes save_to_memory() const {
    chatterbox_buffer* buffer = nullptr;
    detail::check(chatterbox_voice_save_to_memory(handle(), &buffer));
    return Bytes(buffer);
  }

  // 32 hexadecimal digits, equal for voices of equal content, wherever they came from.
  [[nodiscard]] std::string_view id() const {
    const char* id = chatterbox_voice_id(handle());
    return id == nullptr ? std::string_view() : std::string_view(id);
  }

  using Info = chatterbox_voice_info;
  [[nodiscard]] Info info() const {
    return detail::get<Info>(
        [&](Info* info, size_t size) { return chatterbox_voice_get_info(handle(), info, size); });
  }

  [[nodiscard]] chatterbox_voice* handle() const noexcept { return handle_.get(); }

 private:
  std::shared_ptr<chatterbox_voice> handle_;  // null only once moved from
};

}  // namespace abi1
}  // namespace chatterbox

#endif  // CHATTERBOX_CPP_VOICE_HPP
