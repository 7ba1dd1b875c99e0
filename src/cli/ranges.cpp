#include "cli/ranges.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <utility>

namespace chatterbox::cli {
namespace {

std::string text_of(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

std::string interval(double low, double high) {
  return "in [" + text_of(low) + ", " + text_of(high) + "]";
}

CLI::Validator checked(const std::string& range, std::function<bool(double)> accepts) {
  return {[range, accepts = std::move(accepts)](std::string& input) -> std::string {
            char* end = nullptr;
            const double value = std::strtod(input.c_str(), &end);
            const bool number = end != input.c_str() && *end == '\0';
            if (number && std::isfinite(value) && accepts(value)) return {};
            return "must be " + (number ? range : "a number") + ", got " + input;
          },
          range};
}

}  // namespace

CLI::Validator in_range(double low, double high) {
  return checked(interval(low, high),
                 [low, high](double value) { return value >= low && value <= high; });
}

CLI::Validator in_range_or(double also, double low, double high) {
  return checked(text_of(also) + " or " + interval(low, high), [also, low, high](double value) {
    return value == also || (value >= low && value <= high);
  });
}

CLI::Validator above_to(double low, double high) {
  return checked("above " + text_of(low) + ", up to " + text_of(high),
                 [low, high](double value) { return value > low && value <= high; });
}

CLI::Validator seed() {
  return {[](std::string& input) -> std::string {
            uint64_t value = 0;
            const char* end = input.data() + input.size();
            const auto result = std::from_chars(input.data(), end, value);
            if (result.ec == std::errc() && result.ptr == end) return {};
            return "must be a whole number in [0, 2^64-1], got " + input;
          },
          "in [0, 2^64-1]"};
}

}  // namespace chatterbox::cli
