// The voices that clients upload. In a folder: the voice under the id of its content, and a small
// file for each name, both written in one step, so that a crash leaves no half of one. What is not
// in memory but a voice's content is looked up in the folder each time: several servers may share
// it, and what one of them stores or deletes the others have, or have no more, at once.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <functional>
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
  using Warn = std::function<void(const std::string&)>;
  // `folder`: made if it is not there; empty: voices are kept in memory alone. Throws Error kIo.
  // `warn` is told of files that cannot be read.
  VoiceStore(std::string folder, const Warn& warn);

  [[nodiscard]] std::vector<StoredVoice> list() const;  // by name
  // Replaces what has the name. Throws ApiError 400 for a name that is not 1 to 64 letters, digits,
  // - and _, and 409 where there are 1000 voices already.
  StoredVoice add(const std::string& name, const std::string& model, const Voice& voice);
  // By name or id. Throws ApiError 404.
  void remove(const std::string& name_or_id);
  [[nodiscard]] std::optional<Voice> find(const VoiceChoice& choice);

 private:
  using Names = std::map<std::string, StoredVoice>;  // by name
  [[nodiscard]] Names read_folder(const Warn& warn) const;
  [[nodiscard]] std::string voice_path(const std::string& id) const;
  [[nodiscard]] std::string name_path(const std::string& name) const;
  // All of these with the lock.
  [[nodiscard]] Names names() const;
  [[nodiscard]] std::string id_of(
      const VoiceChoice& choice) const;  // empty: there is no such voice
  void keep(const std::string& id, const Voice& voice);
  void forget(const std::string& id);  // which has no name any more

  const std::string folder_;
  mutable std::mutex mutex_;
  Names names_;  // where there is no folder
  std::map<std::string, Voice>
      voices_;  // by id: all of them, or with a folder those that were used
};

[[nodiscard]] bool is_voice_name(const std::string& name);

// The voice that a request means: one that was uploaded, one that the model brings, or, unset, the
// model's own: for no name, "default", and the names of OpenAI's voices, which many clients send
// whatever they are told. Throws ApiError 404.
[[nodiscard]] std::optional<Voice> resolve_voice(VoiceStore& store, const ChatterboxEngine& engine,
                                                 const ModelFacts& facts,
                                                 const VoiceChoice& choice);

}  // namespace chatterbox::server
