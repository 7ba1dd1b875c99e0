#include "server/voice_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
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
  const std::string why = std::strerror(errno);
  unlink(temporary.c_str());
  throw Error(Status::kIo, path + ": cannot be written: " + why);
}

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

}  // namespace

bool is_voice_name(const std::string& name) {
  return !name.empty() && name.size() <= kMaxName && name.front() != '-' &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; });
}

VoiceStore::VoiceStore(const std::string& folder,
                       const std::function<void(const std::string&)>& warn)
    : folder_(folder) {
  if (folder_.empty()) return;
  std::error_code error;
  fs::create_directories(folder_, error);
  if (!fs::is_directory(folder_, error) || access(folder_.c_str(), W_OK) != 0) {
    throw Error(Status::kIo, folder_ + ": is no folder that can be written to");
  }
  read_folder(warn);
}

void VoiceStore::read_folder(const std::function<void(const std::string&)>& warn) {
  for (const fs::directory_entry& file : fs::directory_iterator(folder_)) {
    if (file.path().extension() != ".json") continue;
    try {
      StoredVoice about = read_name_file(file.path());
      if (!fs::exists(voice_path(about.id))) throw Error(Status::kNotFound, "its voice is missing");
      const std::string name = about.name;
      entries_[name] = {std::move(about), std::nullopt};
    } catch (const std::exception& error) {
      warn(file.path().string() + ": left out: " + error.what());
    }
  }
}

std::string VoiceStore::voice_path(const std::string& id) const {
  return (fs::path(folder_) / (id + ".voice")).string();
}
std::string VoiceStore::name_path(const std::string& name) const {
  return (fs::path(folder_) / (name + ".json")).string();
}

std::vector<StoredVoice> VoiceStore::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<StoredVoice> voices;
  for (const auto& [name, entry] : entries_) voices.push_back(entry.about);
  return voices;
}

StoredVoice VoiceStore::add(const std::string& name, const std::string& model, const Voice& voice) {
  if (!is_voice_name(name)) {
    throw bad_value(
        "name",
        "name must be 1 to 64 letters, digits, - and _, not beginning with -, got " + shown(name));
  }
  StoredVoice about{name, std::string(voice.id()), model, static_cast<int64_t>(std::time(nullptr))};
  const std::lock_guard lock(mutex_);
  if (entries_.count(name) == 0 && entries_.size() >= kMaxVoices) {
    throw ApiError(409, "too_many_voices", "there are 1000 voices already: delete one first");
  }
  if (!folder_.empty()) {
    voice.save(voice_path(about.id));
    const json object = {{"id", about.id}, {"model", model}, {"created", about.created}};
    write_in_one_step(name_path(name), object.dump());
  }
  const auto replaced = entries_.find(name);
  const std::string old_id = replaced == entries_.end() ? "" : replaced->second.about.id;
  entries_[name] = {about, voice};
  const auto has_old = [&old_id](const auto& entry) { return entry.second.about.id == old_id; };
  if (!old_id.empty() && !folder_.empty() &&
      std::none_of(entries_.begin(), entries_.end(), has_old)) {
    unlink(voice_path(old_id).c_str());
  }
  return about;
}

void VoiceStore::erase(std::map<std::string, Entry>::iterator entry) {
  const StoredVoice about = entry->second.about;
  entries_.erase(entry);
  if (folder_.empty()) return;
  unlink(name_path(about.name).c_str());
  const auto same = [&about](const auto& other) { return other.second.about.id == about.id; };
  if (std::none_of(entries_.begin(), entries_.end(), same)) unlink(voice_path(about.id).c_str());
}

void VoiceStore::remove(const std::string& name_or_id) {
  const std::lock_guard lock(mutex_);
  if (const auto named = entries_.find(name_or_id); named != entries_.end()) return erase(named);
  bool found = false;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto next = std::next(entry);
    if (entry->second.about.id == name_or_id) {
      erase(entry);
      found = true;
    }
    entry = next;
  }
  if (!found)
    throw ApiError(404, "voice_not_found", "there is no voice " + shown(name_or_id), "voice");
}

std::optional<Voice> VoiceStore::find(const VoiceChoice& choice) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, entry] : entries_) {
    const bool meant = choice.id.empty() ? name == choice.name : entry.about.id == choice.id;
    if (!meant) continue;
    if (!entry.voice) entry.voice = Voice::load(voice_path(entry.about.id));
    return entry.voice;
  }
  return std::nullopt;
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
