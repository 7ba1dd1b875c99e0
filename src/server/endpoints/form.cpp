#include <algorithm>

#include "server/endpoints/endpoints.h"
#include "server/multipart.h"

namespace chatterbox::server {
namespace {

// A form has texts alone: these stay what they are, the rest is numbers, true and false.
constexpr std::string_view kTexts[] = {"name",     "model",   "voice",           "language",
                                       "filename", "consent", "response_format", "halo"};

nlohmann::json value_of(const std::string& name, std::string_view text) {
  const bool is_text = std::find(std::begin(kTexts), std::end(kTexts), name) != std::end(kTexts);
  constexpr size_t kMost = 1000;  // bytes of what is no text
  if (is_text || text.size() >= kMost) return std::string(text);
  nlohmann::json value = nlohmann::json::parse(text, nullptr, false);
  const bool is_simple = value.is_number() || value.is_boolean() || value.is_array();
  return is_simple ? value : nlohmann::json(std::string(text));
}

}  // namespace

Form read_form(const Call& call, const std::vector<std::string>& file_names) {
  Form form;
  for (const FormPart& part : parse_form(call.request.header("content-type"), call.request.body)) {
    if (std::find(file_names.begin(), file_names.end(), part.name) != file_names.end()) {
      if (!form.file.empty()) throw bad_value(part.name, part.name + " is there twice");
      form.file = part.data;
      continue;
    }
    if (form.fields.contains(part.name)) throw bad_value(part.name, part.name + " is there twice");
    form.fields[part.name] = value_of(part.name, part.data);
  }
  return form;
}

}  // namespace chatterbox::server
