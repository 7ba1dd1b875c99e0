#include "audio/ogg_pages.h"

#include <cstdint>
#include <numeric>
#include <optional>

#include "audio/decode.h"
#include "audio/ogg_checksum_table.h"
#include "support/error.h"

namespace chatterbox::audio {
namespace {

// RFC 3533: what every page of an Ogg file begins with.
constexpr size_t kHeader = 27;
constexpr size_t kFlagsAt = 5;
constexpr size_t kSerialAt = 14;
constexpr size_t kSequenceAt = 18;
constexpr size_t kChecksumAt = 22;
constexpr size_t kSegmentsAt = 26;

uint32_t little_endian(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

void put_little_endian(std::string& bytes, size_t at, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> 8U * i & 0xFFU);
}

// Of the page with zeros in the checksum's place.
uint32_t checksum(std::string_view page) {
  static constexpr OggChecksumTable kTable = make_ogg_checksum_table();
  uint32_t sum = 0;
  for (size_t i = 0; i < page.size(); ++i) {
    const bool is_checksum = i >= kChecksumAt && i < kChecksumAt + 4;
    const uint32_t byte = is_checksum ? 0 : static_cast<unsigned char>(page[i]);
    sum = sum << 8U ^ kTable[sum >> 24U ^ byte];
  }
  return sum;
}

// The sizes of a page's segments, as far as they are there.
std::string_view segments_of(std::string_view page) {
  return page.substr(kHeader, static_cast<unsigned char>(page[kSegmentsAt]));
}

// The page at the start of `rest`; nothing where it is not all there.
std::optional<std::string_view> first_page(std::string_view rest) {
  if (rest.size() < kHeader) return std::nullopt;
  const std::string_view sizes = segments_of(rest);
  const size_t body =
      std::accumulate(sizes.begin(), sizes.end(), size_t{0},
                      [](size_t sum, char size) { return sum + static_cast<unsigned char>(size); });
  const size_t size = kHeader + static_cast<unsigned char>(rest[kSegmentsAt]) + body;
  return rest.size() < size ? std::nullopt : std::optional(rest.substr(0, size));
}

// Goes from page to page of one stream.
class PageCheck {
 public:
  explicit PageCheck(const std::string& name) : name_(name) {}

  void take(std::string_view page, size_t position) {
    if (checksum(page) != little_endian(page, kChecksumAt)) {
      fail(Status::kBadAudio, "{}: damaged, the checksum of the Ogg page at byte {} is wrong",
           name_, position);
    }
    if (position == 0) {
      serial_ = little_endian(page, kSerialAt);
      sequence_ = little_endian(page, kSequenceAt);
    }
    if (little_endian(page, kSerialAt) != serial_) {
      fail(Status::kBadAudio, "{}: holds more than one stream, the second at byte {}", name_,
           position);
    }
    constexpr unsigned kIsContinued = 1;
    const bool continues = (static_cast<unsigned char>(page[kFlagsAt]) & kIsContinued) != 0;
    if (little_endian(page, kSequenceAt) != sequence_++ || continues != in_packet_) {
      fail(Status::kBadAudio, "{}: damaged, a page is missing before byte {}", name_, position);
    }
    count_packets(page);
    if (position == 0) begin(page);
  }

  void finish() const {
    if (packets_ > headers_) return;
    fail(Status::kBadAudio, "{}: truncated, has no sound after {} of {} headers", name_, packets_,
         headers_);
  }

 private:
  // The first page's packet tells the codec.
  void begin(std::string_view page) {
    if (packets_ != 1 || in_packet_) {
      fail(Status::kBadAudio, "{}: the first Ogg page must hold one header alone", name_);
    }
    constexpr std::string_view kVorbis = "\x01vorbis";
    const std::string_view header = page.substr(kHeader + segments_of(page).size());
    headers_ = header.substr(0, 8) == "OpusHead" ? 2 : 3;
    const bool has_version =
        header.substr(0, kVorbis.size()) == kVorbis && header.size() >= kVorbis.size() + 4;
    const uint32_t version = has_version ? little_endian(header, kVorbis.size()) : 0;
    if (version != 0) {
      fail(Status::kBadAudio, "{}: the version of Vorbis must be 0, got {}", name_, version);
    }
  }

  // A packet ends with a segment that is not full.
  void count_packets(std::string_view page) {
    for (const char size : segments_of(page)) {
      in_packet_ = static_cast<unsigned char>(size) == 255;
      if (!in_packet_) ++packets_;
    }
  }

  const std::string& name_;
  uint32_t serial_ = 0;
  uint32_t sequence_ = 0;
  bool in_packet_ = false;
  size_t packets_ = 0;
  size_t headers_ = 0;
};

}  // namespace

std::string OggSerial::take(std::string_view bytes) {
  rest_.append(bytes);
  std::string pages;
  while (const std::optional<std::string_view> whole = first_page(rest_)) {
    std::string page(*whole);
    put_little_endian(page, kSerialAt, serial_);
    put_little_endian(page, kChecksumAt, checksum(page));
    pages += page;
    rest_.erase(0, page.size());
  }
  return pages;
}

void check_ogg_pages(std::string_view file, const std::string& name) {
  constexpr std::string_view kMagic = "OggS";
  PageCheck check(name);
  for (size_t position = 0; position < file.size();) {
    const std::string_view rest = file.substr(position);
    if (rest.substr(0, kMagic.size()) != kMagic.substr(0, rest.size())) {
      fail(Status::kBadAudio, "{}: damaged, no Ogg page at byte {}", name, position);
    }
    const std::optional<std::string_view> page = first_page(rest);
    if (!page) {
      fail(Status::kBadAudio, "{}: truncated, the Ogg page at byte {} reaches beyond the end", name,
           position);
    }
    check.take(*page, position);
    position += page->size();
  }
  check.finish();
}

}  // namespace chatterbox::audio
