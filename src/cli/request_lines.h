// The requests of chatterbox batch: one JSON object a line.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <optional>
#include <string>
#include <vector>

namespace chatterbox::cli {

struct RequestLine {
  size_t number = 0;           // in the file, from 1
  std::string id;              // empty where the line gives none that can be used
  Request request;             // without its voice; tagged with the number
  std::string voice;           // as --voice; empty: the model's own
  std::optional<Error> error;  // why the line is no request
};

// What a line does not say is as in `defaults`. Lines that are blank are left out. A line that
// cannot be read, that has a key that nobody knows, or an id that was there before, has an error;
// the others are not concerned.
[[nodiscard]] std::vector<RequestLine> read_requests(const std::string& text,
                                                     const Request& defaults);

}  // namespace chatterbox::cli
