// multipart/form-data (RFC 7578), for uploads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chatterbox::server {

struct FormPart {
  std::string name;
  std::string filename;  // as the client says; never used as a path
  std::string content_type;
  std::string_view data;  // into the body
};

// Throws ApiError 400 where the body is malformed, has more than 32 parts, or a part without a
// name; 415 where the content type is not that of a form.
[[nodiscard]] std::vector<FormPart> parse_form(std::string_view content_type,
                                               std::string_view body);

// Whether the media type is `type` ("audio/wav"), whatever its parameters and case.
[[nodiscard]] bool is_media_type(std::string_view content_type, std::string_view type);

}  // namespace chatterbox::server
