// What values an option takes: checked before a model is loaded, and shown in the help.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

namespace chatterbox::cli {

// Finite numbers in [low, high]. `also`: one more value that is allowed.
[[nodiscard]] CLI::Validator in_range(double low, double high);
[[nodiscard]] CLI::Validator in_range_or(double also, double low, double high);
[[nodiscard]] CLI::Validator above_to(double low, double high);  // (low, high]
// What fits into 64 bits; CLI11 would wrap the rest around.
[[nodiscard]] CLI::Validator seed();

// A name of the table. The help does not show it: the option's description lists the names.
template <class T>
[[nodiscard]] CLI::Validator one_of(const std::map<std::string, T>& table) {
  std::vector<std::string> names;
  names.reserve(table.size());
  for (const auto& [name, value] : table) names.push_back(name);
  return CLI::IsMember(names).description("");
}

// An option whose value is a name of the table.
template <class T, class Member>
CLI::Option* add_named(CLI::App& app, const std::string& name,
                       const std::map<std::string, T>& table, Member& member,
                       const std::string& description) {
  return app
      .add_option_function<std::string>(
          name, [&table, &member](const std::string& given) { member = table.at(given); },
          description)
      ->type_name("NAME")
      ->check(one_of(table));
}

}  // namespace chatterbox::cli
