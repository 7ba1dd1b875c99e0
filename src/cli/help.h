// What --help looks like.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace chatterbox::cli {

// Each option with its range and default in parentheses after the description.
class HelpFormatter final : public CLI::Formatter {
 public:
  [[nodiscard]] std::string make_option_opts(const CLI::Option* option) const override;
  [[nodiscard]] std::string make_option_desc(const CLI::Option* option) const override;
};

}  // namespace chatterbox::cli
