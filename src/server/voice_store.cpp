#include "server/voice_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

namespace chatterbox::server {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kMaxVoices = 1000;
constexpr size_t kMaxName = 64;
constexpr std::array<std::string_view, 13> kOpenAiVoices = {
    "alloy", "ash",  "ballad", "coral",   "echo",  "fable", "onyx",
    "nova",  "sage", "verse",  "shimmer", "marin", "cedar"};

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_id(const std::string& id) {
  return id.size() == 32 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// The file is whole on the disk before it has its name.
void write_in_one_step(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".tmp";
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const bool written = file >= 0 &&
                       write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       fsync(file) == 0;
  if (file >= 0) close(file);
  if (written && rename(temporary.c_str(), path.c_str()) == 0) return;
  const std::string why = std::generic_category().message(errno);
  unlink(temporary.c_str());
  throw Error(Status::kIo, path + ": cannot be written: " + why);
}

// Held by whoever changes the folder, on this machine or another that shares it. Where the file
// system has no locks, names that two machines change in the same moment may get mixed up.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder)
      : file_(folder.empty() ? -1
                             : open((fs::path(folder) / ".lock").c_str(),
                                    O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    while (file_ >= 0 && flock(file_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() {
    if (file_ >= 0) close(file_);  // and with it the lock
  }

 private:
  const int file_;
};

StoredVoice read_name_file(const fs::path& path) {
  std::ifstream file(path);
  const json object = json::parse(file);
  StoredVoice voice;
  voice.name = path.stem().string();
  voice.id = object.at("id").get<std::string>();
  voice.model = object.at("model").get<std::string>();
  voice.created = object.at("created").get<int64_t>();
  if (!is_voice_name(voice.name) || !is_id(voice.id)) {
    throw Error(Status::kBadVoice, "its name or id is malformed");
  }
  return voice;
}

bool has_id(const std::map<std::string, StoredVoice>& names, const std::string& id) {
  return std::any_of(names.begin(), names.end(),
                     [&id](const auto& named) { return named.second.id == id; });
}

ApiError no_voice(const std::string& name_or_id) {
  return {404, "voice_not_found", "there is no voice " + shown(name_or_id), "voice"};
}

}  // namespace

bool is_voice_name(const std::string& name) {
  return !name.empty() && name.size() <= kMaxName && name.front() != '-' &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; });
}

VoiceStore::VoiceStore(std::string folder, const Warn& warn) : folder_(std::move(folder)) {
  if (folder_.empty()) return;
  std::error_code error;
  fs::create_directories(folder_, error);
  if (!fs::is_directory(folder_, error) || access(folder_.c_str(), W_OK) != 0) {
    throw Error(Status::kIo, folder_ + ": is no folder that can be written to");
  }
  (void)read_folder(warn);
}

VoiceStore::Names VoiceStore::read_folder(const Warn& warn) const {
  Names names;
  for (const fs::directory_entry& file : fs::directory_iterator(folder_)) {
    if (file.path().extension() != ".json") continue;
    try {
      StoredVoice about = read_name_file(file.path());
      if (!fs::exists(voice_path(about.id))) throw Error(Status::kNotFound, "its voice is missing");
      std::string name = about.name;
      names.emplace(std::move(name), std::move(about));
    } catch (const std::exception& error) {
      if (warn) warn(file.path().string() + ": left out: " + error.what());
    }
  }
  return names;
}

std::string VoiceStore::voice_path(const std::string& id) const {
  return (fs::path(folder_) / (id + ".voice")).string();
}
std::string VoiceStore::name_path(const std::string& name) const {
  return (fs::path(folder_) / (name + ".json")).string();
}

VoiceStore::Names VoiceStore::names() const {
  return folder_.empty() ? names_ : read_folder(nullptr);
}

std::string VoiceStore::id_of(const VoiceChoice& choice) const {
  if (folder_.empty()) {
    if (choice.name.empty()) return has_id(names_, choice.id) ? choice.id : "";
    const auto named = names_.find(choice.name);
    return named == names_.end() ? "" : named->second.id;
  }
  std::error_code error;
  if (choice.name.empty()) {
    return is_id(choice.id) && fs::exists(voice_path(choice.id), error) ? choice.id : "";
  }
  // By its own file: a listing of a shared folder may be older than that.
  const std::string path = is_voice_name(choice.name) ? name_path(choice.name) : "";
  if (path.empty() || !fs::exists(path, error)) return "";
  try {
    return read_name_file(path).id;
  } catch (const std::exception&) {
    return "";  // as read_folder() has it
  }
}

std::vector<StoredVoice> VoiceStore::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<StoredVoice> voices;
  for (auto& [name, about] : names()) voices.push_back(about);
  return voices;
}

StoredVoice VoiceStore::add(const std::string& name, const std::string& model, const Voice& voice) {
  if (!is_voice_name(name)) {
    throw bad_value(
        "name",
        "name must be 1 to 64 letters, digits, - and _, not beginning with -, got " + shown(name));
  }
  StoredVoice about{name, std::string(voice.id()), model, static_cast<int64_t>(std::time(nullptr))};
  const FolderLock folder_lock(folder_);  // first: who speaks need not wait for another machine
  const std::lock_guard lock(mutex_);
  Names names = this->names();
  const auto replaced = names.find(name);
  if (replaced == names.end() && names.size() >= kMaxVoices) {
    throw ApiError(409, "too_many_voices", "there are 1000 voices already: delete one first");
  }
  const std::string old_id = replaced == names.end() ? "" : replaced->second.id;
  if (!folder_.empty()) {
    voice.save(voice_path(about.id));
    const json object = {{"id", about.id}, {"model", model}, {"created", about.created}};
    write_in_one_step(name_path(name), object.dump());
  }
  names[name] = about;
  keep(about.id, voice);
  if (!old_id.empty() && !has_id(names, old_id)) forget(old_id);
  if (folder_.empty()) names_ = std::move(names);
  return about;
}

void VoiceStore::remove(const std::string& name_or_id) {
  const FolderLock folder_lock(folder_);
  const std::lock_guard lock(mutex_);
  Names names = this->names();
  std::vector<StoredVoice> removed;
  if (const auto named = names.find(name_or_id); named != names.end()) {
    removed.push_back(named->second);
  } else {
    for (const auto& [name, about] : names) {
      if (about.id == name_or_id) removed.push_back(about);
    }
  }
  if (removed.empty()) throw no_voice(name_or_id);
  for (const StoredVoice& about : removed) {
    names.erase(about.name);
    if (!folder_.empty()) unlink(name_path(about.name).c_str());
  }
  const std::string id = removed.front().id;  // of all of them
  if (!has_id(names, id)) forget(id);
  if (folder_.empty()) names_ = std::move(names);
}

void VoiceStore::keep(const std::string& id, const Voice& voice) {
  if (voices_.size() >= kMaxVoices && !folder_.empty()) voices_.clear();  // they can be read again
  voices_.insert_or_assign(id, voice);
}

void VoiceStore::forget(const std::string& id) {
  voices_.erase(id);
  if (!folder_.empty()) unlink(voice_path(id).c_str());
}

std::optional<Voice> VoiceStore::find(const VoiceChoice& choice) {
  const std::lock_guard lock(mutex_);
  const std::string id = id_of(choice);
  if (id.empty()) return std::nullopt;
  if (const auto kept = voices_.find(id); kept != voices_.end()) return kept->second;
  Voice voice = Voice::load(voice_path(id));
  keep(id, voice);
  return voice;
}

std::optional<Voice> resolve_voice(VoiceStore& store, const ChatterboxEngine& engine,
                                   const ModelFacts& facts, const VoiceChoice& choice) {
  if (!choice.name.empty() || !choice.id.empty()) {
    if (auto stored = store.find(choice)) return stored;
  }
  const auto& names = facts.voices;
  if (std::find(names.begin(), names.end(), choice.name) != names.end()) {
    return engine.named_voice(choice.name);
  }
  const bool means_own = choice.id.empty() && (choice.name.empty() || choice.name == "default" ||
                                               std::find(kOpenAiVoices.begin(), kOpenAiVoices.end(),
                                                         choice.name) != kOpenAiVoices.end());
  if (means_own && facts.has_default_voice) return std::nullopt;
  std::string known = facts.has_default_voice ? "default" : "";
  for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
  for (const StoredVoice& voice : store.list()) {
    known += (known.empty() ? "" : ", ") + voice.name;
    if (known.size() > 300) break;
  }
  const std::string asked = choice.id.empty() ? choice.name : choice.id;
  throw ApiError(404, "voice_not_found",
                 "there is no voice " + shown(asked) + "; there are: " + known, "voice");
}

}  // namespace chatterbox::server
