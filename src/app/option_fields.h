// A request's options as fields of a JSON object: in the lines of chatterbox batch, and in what
// clients send to the server.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace chatterbox::app {

// Sets one option. Throws Error kInvalidArgument that names the field and the value where the value
// is of another kind; ranges are the engine's business.
template <class Options>
using SetOption = void (*)(Options& to, const std::string& name, const nlohmann::json& value);
template <class Options>
using OptionTable = std::map<std::string, SetOption<Options>>;

// The options of chatterbox speak, with underscores, and how a request is run. A request's text,
// its voice and its stream are not among them.
[[nodiscard]] const OptionTable<Request>& request_options();
[[nodiscard]] const OptionTable<Conversion>& conversion_options();
[[nodiscard]] const OptionTable<StreamOptions>& stream_options();

}  // namespace chatterbox::app
