#include "cli/words_file.h"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "cli/files.h"
#include "cli/statistics.h"

namespace chatterbox::cli {
namespace {

using nlohmann::ordered_json;

// Letters of a subtitle that are read at a glance, and a pause after which another begins; both as
// subtitlers have them (two lines of 42 letters, gaps of more than a second).
constexpr size_t kMaxCueBytes = 84;
constexpr double kMaxGap = 1;

enum class Format { kSrt, kVtt, kJson };

Format format_of(const std::string& path) {
  const std::string ending = std::filesystem::path(path).extension().string();
  if (ending == ".srt") return Format::kSrt;
  if (ending == ".vtt") return Format::kVtt;
  if (ending == ".json") return Format::kJson;
  throw Error(Status::kInvalidArgument,
              "--words needs a file that ends in .srt, .vtt or .json, got " + path);
}

// Words that are shown together.
struct Cue {
  Word first, last;
};

bool ends_sentence(const std::string& text, const Word& word) {
  const std::string said = text.substr(word.text_begin, word.text_end - word.text_begin);
  return said.find_last_of(".!?") != std::string::npos &&
         said.find_last_of(".!?") + 2 >= said.size();  // maybe before a quotation mark
}

// Marks of pauses are not shown.
bool has_mark_between(const std::string& text, const Word& before, const Word& after) {
  return text.find('[', before.text_end) < after.text_begin;
}

std::vector<Cue> cues_of(const std::string& text, const Result& result) {
  std::vector<Cue> cues;
  for (const Word& word : result.words()) {
    const bool joins = !cues.empty() && !ends_sentence(text, cues.back().last) &&
                       !has_mark_between(text, cues.back().last, word) &&
                       word.begin_seconds - cues.back().last.end_seconds <= kMaxGap &&
                       word.text_end - cues.back().first.text_begin <= kMaxCueBytes;
    if (joins) {
      cues.back().last = word;
    } else {
      cues.push_back({word, word});
    }
  }
  return cues;
}

// 01:02:03,456: SRT has a comma, WebVTT a point.
std::string time_of(double seconds, char point) {
  const auto all = static_cast<int64_t>(std::llround(seconds * 1000));
  char text[40];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d%c%03d", static_cast<int>(all / 3600000),
                static_cast<int>(all / 60000 % 60), static_cast<int>(all / 1000 % 60), point,
                static_cast<int>(all % 1000));
  return text;
}

// On one line: a blank one would end the cue. WebVTT reads < and & as markup.
std::string shown(const std::string& text, const Cue& cue, bool markup) {
  std::string line;
  for (size_t i = cue.first.text_begin; i < cue.last.text_end; ++i) {
    const char c = text[i];
    const bool breaks = c == '\n' || c == '\r' || c == '\t';
    if (breaks || c == ' ') {
      if (line.empty() || line.back() != ' ') line += ' ';
    } else if (markup && c == '<') {
      line += "&lt;";
    } else if (markup && c == '>') {
      line += "&gt;";
    } else if (markup && c == '&') {
      line += "&amp;";
    } else {
      line += c;
    }
  }
  return line;
}

std::string subtitles(const std::string& text, const Result& result, bool vtt) {
  std::string file = vtt ? "WEBVTT\n\n" : "";
  const char point = vtt ? '.' : ',';
  size_t number = 0;
  for (const Cue& cue : cues_of(text, result)) {
    if (!vtt) file += std::to_string(++number) + "\n";
    file += time_of(cue.first.begin_seconds, point) + " --> " +
            time_of(cue.last.end_seconds, point) + "\n" + shown(text, cue, vtt) + "\n\n";
  }
  return file;
}

ordered_json json_of(const std::string& text, const Result& result) {
  ordered_json words = ordered_json::array();
  for (const Word& word : result.words()) {
    ordered_json said = {{"text", text.substr(word.text_begin, word.text_end - word.text_begin)}};
    said.update(place_of(word));
    words.push_back(std::move(said));
  }
  return {{"words", words}};
}

}  // namespace

void check_words_file(const std::string& path) {
  if (path.empty()) return;
  (void)format_of(path);
  check_writable(path);
}

void write_words(const std::string& path, const std::string& text, const Result& result) {
  const Format format = format_of(path);
  if (format == Format::kJson) return write_json(path, json_of(text, result));
  write_text(path, subtitles(text, result, format == Format::kVtt));
}

}  // namespace chatterbox::cli
