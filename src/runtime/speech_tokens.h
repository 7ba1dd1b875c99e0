// What S3Gen may see of the tokens that T3 drew.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace chatterbox::runtime {

inline constexpr int64_t kStartOfSpeech = 6561;
inline constexpr int64_t kEndOfSpeech = 6562;

// The reference's drop_invalid_tokens: what stands between one start and one end of speech. It
// crashes on two or more starts; then all tokens stay. Ids from `vocabulary` on, which S3Gen does
// not know, are always dropped.
[[nodiscard]] std::vector<int64_t> valid_speech_tokens(const std::vector<int64_t>& drawn,
                                                       int64_t vocabulary);

// Turbo's and Nano's: all ids that S3Gen knows, wherever they stand, and three tokens of silence.
[[nodiscard]] std::vector<int64_t> turbo_speech_tokens(const std::vector<int64_t>& drawn,
                                                       int64_t vocabulary);

// Those of a stream, of which more is to be drawn: all ids that S3Gen knows. What was drawn begins
// with them when it is complete, but for a start of speech in its midst, before which nothing
// counts then.
[[nodiscard]] std::vector<int64_t> known_speech_tokens(const std::vector<int64_t>& drawn,
                                                       int64_t vocabulary);

// The first id that S3Gen does not know, of tokens that are used as they are.
[[nodiscard]] std::optional<int64_t> unknown_speech_token(const std::vector<int64_t>& tokens,
                                                          int64_t vocabulary);

}  // namespace chatterbox::runtime
