#include "app/json_line.h"

#include <set>
#include <vector>

namespace chatterbox::app {
namespace {

using nlohmann::json;

constexpr size_t kMaxDepth = 16;
constexpr size_t kMaxShown = 80;  // bytes of a value in a message

[[noreturn]] void refuse(const std::string& message) {
  throw Error(Status::kInvalidArgument, message);
}

// Sees a value while it is read, and so before a deep one has grown.
class Checker {
 public:
  bool operator()(int /*depth*/, json::parse_event_t event, const json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
      case json::parse_event_t::array_start:
        if (keys_.size() == kMaxDepth) {
          refuse("not usable JSON: nested deeper than " + std::to_string(kMaxDepth) + " levels");
        }
        keys_.emplace_back();
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end:
        keys_.pop_back();
        break;
      case json::parse_event_t::key:
        if (!keys_.back().insert(parsed.get<std::string>()).second) {
          throw RepeatedKey(parsed.get<std::string>());
        }
        break;
      default:
        break;
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> keys_;  // of what is open
};

}  // namespace

RepeatedKey::RepeatedKey(const std::string& key)
    : Error(Status::kInvalidArgument, "the key " + shown(key) + " is there twice"), key_(key) {}

json parse_line(const std::string& text) {
  Checker checker;
  try {
    return json::parse(text, std::ref(checker));
  } catch (const json::parse_error& error) {
    // Without the library's words, which quote as much as there is.
    refuse("not JSON: wrong at byte " + std::to_string(error.byte));
  } catch (const json::exception&) {
    refuse("not JSON: a number is out of range");
  }
}

std::string shown(const json& value) {
  if (value.is_structured()) return std::string("an ") + value.type_name();
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() <= kMaxShown) return text;
  return std::string("a ") + value.type_name() + " of " + std::to_string(text.size()) + " bytes";
}

}  // namespace chatterbox::app
