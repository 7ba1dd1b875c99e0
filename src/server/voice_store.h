// The voices that clients upload. In a folder: the voice under the id of its content, and a small
// file for each name, both written in one step, so that a crash leaves no half of one.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/models.h"
#include "server/speech_request.h"

namespace chatterbox::server {

struct StoredVoice {
  std::string name;
  std::string id;       // 32 hexadecimal digits
  std::string model;    // that made it
  int64_t created = 0;  // seconds since 1970
};

class VoiceStore {
 public:
  // `folder`: made if it is not there; empty: voices are kept in memory alone. Throws Error kIo.
  // `warn` is told of files that cannot be read.
  VoiceStore(const std::string& folder, const std::function<void(const std::string&)>& warn);

  [[nodiscard]] std::vector<StoredVoice> list() const;  // by name
  // Replaces what has the name. Throws ApiError 400 for a name that is not 1 to 64 letters, digits,
  // - and _, and 409 where there are 1000 voices already.
  StoredVoice add(const std::string& name, const std::string& model, const Voice& voice);
  // By name or id. Throws ApiError 404.
  void remove(const std::string& name_or_id);
  [[nodiscard]] std::optional<Voice> find(const VoiceChoice& choice);

 private:
  struct Entry {
    StoredVoice about;
    std::optional<Voice> voice;  // unset: not read yet
  };
  void read_folder(const std::function<void(const std::string&)>& warn);
  [[nodiscard]] std::string voice_path(const std::string& id) const;
  [[nodiscard]] std::string name_path(const std::string& name) const;
  void erase(std::map<std::string, Entry>::iterator entry);

  const std::string folder_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;  // by name
};

[[nodiscard]] bool is_voice_name(const std::string& name);

// The voice that a request means: one that was uploaded, one that the model brings, or, unset, the
// model's own: for no name, "default", and the names of OpenAI's voices, which many clients send
// whatever they are told. Throws ApiError 404.
[[nodiscard]] std::optional<Voice> resolve_voice(VoiceStore& store, const ChatterboxEngine& engine,
                                                 const ModelFacts& facts,
                                                 const VoiceChoice& choice);

}  // namespace chatterbox::server
