// What kind of file bytes are, by how they begin.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chatterbox::audio {

enum class FileKind { kUnknown, kWav, kFlac, kOgg, kMp3 };

// `file`: the file's bytes, or its first ones. Tags (ID3v2) before an MP3 file's frames are looked
// behind; where only the start of the tags is there, they stand for MP3.
[[nodiscard]] FileKind sniff(std::string_view file);

// Up to eight bytes as text, what is not printable in hexadecimal; "nothing" where there are none.
[[nodiscard]] std::string quote(std::string_view bytes);

}  // namespace chatterbox::audio
