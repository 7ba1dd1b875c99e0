// The models that the server has, by name: loaded at the start, unloaded when nobody used them for
// a while, and loaded again by the next request.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace chatterbox::server {

struct ModelSpec {
  std::string name;
  EngineOptions options;
};

// What is known of a model while it is not loaded, too.
struct ModelFacts {
  std::string name;
  std::string family;
  std::string precision;  // as precision_in_use()
  bool has_default_voice = false;
  std::vector<std::string> voices;
  std::vector<std::string> languages;
};

// "int8", or "int8 and bf16" where T3 and S3Gen have different number formats.
[[nodiscard]] std::string precision_in_use(const EngineInfo& info);

using EngineHandle = std::shared_ptr<const ChatterboxEngine>;

class Models {
 public:
  // The first is the one that a request gets which names none.
  explicit Models(std::vector<ModelSpec> specs);

  // Blocks. Throws what loading throws.
  void load_all();
  [[nodiscard]] bool ready() const;  // load_all() has succeeded

  // The name of the model that a request means: "" and OpenAI's names are the first. Throws
  // ApiError 404.
  [[nodiscard]] const std::string& resolve(const std::string& asked) const;
  // Loads it if it was unloaded, and blocks meanwhile. Whoever holds the handle keeps it loaded.
  [[nodiscard]] EngineHandle acquire(const std::string& name);
  // Nothing while it is not loaded.
  [[nodiscard]] EngineHandle if_loaded(const std::string& name) const;
  [[nodiscard]] ModelFacts facts(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> names() const;

  // Unloads what nobody has used for `idle`, and returns how many.
  size_t unload_idle(std::chrono::seconds idle);

  // Of the engines that are loaded: all are healthy, and none is in a step for longer than `most`.
  [[nodiscard]] bool healthy(std::chrono::seconds most) const;

 private:
  struct Entry {
    ModelSpec spec;
    std::mutex loading;  // held by who loads it; taken before the other
    EngineHandle engine;
    std::optional<ModelFacts> facts;
    std::chrono::steady_clock::time_point last_used;
  };
  [[nodiscard]] Entry& find(const std::string& name) const;
  [[nodiscard]] EngineHandle load(Entry& entry);

  mutable std::mutex mutex_;  // guards the entries' last three members
  std::vector<std::unique_ptr<Entry>> entries_;
  bool ready_ = false;
};

}  // namespace chatterbox::server
