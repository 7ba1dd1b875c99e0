// Results: speech, and what is known about it. Include <chatterbox/chatterbox.hpp>, not this file.
#ifndef CHATTERBOX_CPP_RESULT_HPP
#define CHATTERBOX_CPP_RESULT_HPP

#include <chatterbox/cpp/audio.hpp>
#include <chatterbox/cpp/core.hpp>
#include <chatterbox/cpp/list.hpp>
#include <chatterbox/cpp/request.hpp>
#include <memory>
#include <optional>
#include <string>

namespace chatterbox {
inline namespace abi1 {

enum class FinishReason : int32_t {
  kEos = CHATTERBOX_FINISH_EOS,               // the model ended the speech
  kMaxTokens = CHATTERBOX_FINISH_MAX_TOKENS,  // max_new_tokens was reached: may be cut short
};

// The C structs are plain and complete as they are.
using ResultStats = chatterbox_result_stats;
using Quality = chatterbox_quality;
using InterventionSpan = chatterbox_intervention;
using StreamStats = chatterbox_stream_stats;
using ChunkStats = chatterbox_chunk_stats;
using Word = chatterbox_word;

// What the alignment analyzer did.
enum class Intervention : int32_t {
  kEndSuppressed = CHATTERBOX_INTERVENTION_END_SUPPRESSED,
  kLongTail = CHATTERBOX_INTERVENTION_LONG_TAIL,  // T3 stayed at the end of the text
  kAlignmentRepetition =
      CHATTERBOX_INTERVENTION_ALIGNMENT_REPETITION,  // T3 went back into the finished text
  kTokenRepetition =
      CHATTERBOX_INTERVENTION_TOKEN_REPETITION,  // T3 drew the same token again and again
};

// Speech and its statistics. Immutable; copies share it.
class Result {
 public:
  explicit Result(chatterbox_result* handle) : handle_(handle, chatterbox_result_destroy) {}

  // Mono; empty if the samples went to a callback or a stream. Valid as long as any copy of the
  // result exists.
  [[nodiscard]] Samples samples() const noexcept {
    return {chatterbox_result_samples(handle()),
            static_cast<size_t>(chatterbox_result_sample_count(handle()))};
  }
  [[nodiscard]] int32_t sample_rate() const noexcept {
    return chatterbox_result_sample_rate(handle());
  }
  // The same samples, which it keeps alive.
  [[nodiscard]] Audio audio() const noexcept {
    return {{handle_, samples().data()}, samples().size(), sample_rate(), 1};
  }
  [[nodiscard]] ResultStats stats() const {
    return detail::get<ResultStats>([&](ResultStats* stats, size_t size) {
      return chatterbox_result_get_stats(handle(), stats, size);
    });
  }
  [[nodiscard]] FinishReason finish_reason() const {
    return static_cast<FinishReason>(stats().finish_reason);
  }
  [[nodiscard]] Quality quality() const {
    return detail::get<Quality>([&](Quality* quality, size_t size) {
      return chatterbox_result_get_quality(handle(), quality, size);
    });
  }
  // Lists are valid as long as any copy of the result exists.
  [[nodiscard]] List<InterventionSpan> interventions() const {
    return List<InterventionSpan>::of<get_intervention>(handle(), quality().intervention_count);
  }
  // The pieces of a long text; empty for other results.
  [[nodiscard]] List<Piece> pieces() const noexcept {
    return List<Piece>::of<get_piece>(handle(), chatterbox_result_piece_count(handle()));
  }

  // With Request::word_times: when each word is spoken.
  [[nodiscard]] List<Word> words() const noexcept {
    return List<Word>::of<get_word>(handle(), chatterbox_result_word_count(handle()));
  }

  // How the samples came: see chatterbox_stream_stats.
  [[nodiscard]] StreamStats stream_stats() const {
    return detail::get<StreamStats>([&](StreamStats* stats, size_t size) {
      return chatterbox_result_get_stream_stats(handle(), stats, size);
    });
  }
  [[nodiscard]] List<ChunkStats> chunks() const {
    return List<ChunkStats>::of<get_chunk>(handle(), stream_stats().chunk_count);
  }

  [[nodiscard]] const chatterbox_result* handle() const noexcept { return handle_.get(); }

 private:
  [[nodiscard]] static InterventionSpan get_intervention(const chatterbox_result* result,
                                                         uint64_t index) {
    return detail::get<InterventionSpan>([&](InterventionSpan* span, size_t size) {
      return chatterbox_result_get_intervention(result, index, span, size);
    });
  }
  [[nodiscard]] static Piece get_piece(const chatterbox_result* result, uint64_t index) {
    return detail::get<Piece>([&](Piece* piece, size_t size) {
      return chatterbox_result_get_piece(result, index, piece, size);
    });
  }

  [[nodiscard]] static Word get_word(const chatterbox_result* result, uint64_t index) {
    return detail::get<Word>([&](Word* word, size_t size) {
      return chatterbox_result_get_word(result, index, word, size);
    });
  }

  [[nodiscard]] static ChunkStats get_chunk(const chatterbox_result* result, uint64_t index) {
    return detail::get<ChunkStats>([&](ChunkStats* chunk, size_t size) {
      return chatterbox_result_get_chunk(result, index, chunk, size);
    });
  }

  std::shared_ptr<chatterbox_result> handle_;  // null only once moved from
};

inline void write_audio(const std::string& path, const Result& result,
                        AudioFormat format = AudioFormat::kAuto) {
  write_audio(path, result.samples(), result.sample_rate(), format);
}

// The outcome of one request of a batch: exactly one of the two is set.
struct Outcome {
  std::optional<Result> result = std::nullopt;
  std::optional<Error> error = std::nullopt;
};

}  // namespace abi1
}  // namespace chatterbox

#endif  // CHATTERBOX_CPP_RESULT_HPP
