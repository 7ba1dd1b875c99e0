// What all kinds of runs begin with: a voice, requests, and what is said of the engine.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "measure.h"

namespace chatterbox::bench {

// The voice of the runs: a recording is made into one anew for each, so that this is measured too.
using VoiceSource = std::variant<Voice, Audio>;
[[nodiscard]] VoiceSource open_voice(const ChatterboxEngine& engine, const std::string& path);
[[nodiscard]] Voice make_voice(const ChatterboxEngine& engine, const VoiceSource& source);

// What the plan does not say, as the family has it.
[[nodiscard]] Request complete(Request request, const RequestDefaults& defaults);
// The texts in turn, each with the next seed.
[[nodiscard]] std::vector<Request> make_requests(const std::vector<std::string>& texts,
                                                 const Request& common, const Voice& voice,
                                                 int count);
[[nodiscard]] EngineReport report_of(const EngineInfo& info);

}  // namespace chatterbox::bench
