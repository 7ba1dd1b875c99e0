#include "cli/help.h"

namespace chatterbox::cli {
namespace {

// CLI11 keeps an option's type and its validators' descriptions as one text, "T:in [0, 5]".
constexpr char kSeparator = ':';

}  // namespace

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  const std::string type = option->get_type_name();
  return type.empty() ? type : " " + type.substr(0, type.find(kSeparator));
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  const std::string type = option->get_type_name();
  const size_t separator = type.find(kSeparator);
  std::string notes = separator == std::string::npos ? "" : type.substr(separator + 1);
  if (const std::string text = option->get_default_str(); !text.empty()) {
    notes += (notes.empty() ? "default: " : ", default: ") + text;
  }
  return option->get_description() + (notes.empty() ? "" : " (" + notes + ")");
}

}  // namespace chatterbox::cli
