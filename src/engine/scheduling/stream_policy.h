// What S3Gen speaks next where requests stream: which chunk, and whether an utterance that is
// spoken as a whole goes before it. Pure functions over plain numbers.
//
// A chunk should be begun while its listener still has as much to hear as it will take; a first one
// as soon as it can be. The earliest goes first. So a first chunk goes before those whose listeners
// have time, and after those that fall silent. As a chunk that is spoken puts off the next one of
// its stream, and no other, no stream waits for ever. Where T3 and S3Gen share their time, a decode
// step is the next thing to do for a stream that lacks tokens, and takes part in this.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace chatterbox::engine {

// A stream that will have chunks yet, and whose reader is not far behind.
struct LiveStream {
  bool due = false;  // its next chunk can be spoken now
  int32_t priority = 0;
  uint64_t series = 0;  // of the pieces of one long text; 0: of none
  // Seconds until its listener has heard all that was handed out: less than 0 where it is silent,
  // or has waited for a first chunk that is due. 0 before that.
  double ahead = 0;
  // That pass until its next chunk is spoken, if nothing else is done; 0 for the first.
  double lead = 0;
};

// An utterance that would be spoken as a whole, in one go.
struct WholeUtterance {
  double seconds = 0;           // that it is likely to take; 0: not known
  int64_t steps_waited = 0;     // decode steps since it has been ready
  int64_t chunks_let_pass = 0;  // since the last one was spoken
};

// Chunks that one utterance after the other lets pass, even where listeners fall silent therefore:
// two for each of eight streams.
inline constexpr int64_t kMaxChunksLetPass = 16;

// Both take the streams in the order in which they started; the pieces of a long text that are not
// the first of theirs are looked at by none.

// An index into `streams`, of one that is due. Nothing: there is none, or a decode step should come
// before it; not where the device `overlaps` them.
[[nodiscard]] std::optional<size_t> most_urgent(const std::vector<LiveStream>& streams,
                                                bool overlaps);

// Whether the utterance goes now: no listener falls silent meanwhile, or it has let enough pass.
// Where no chunk is due but one soon is, it waits for that one, for kPatience decode steps.
[[nodiscard]] bool goes_before_chunks(const WholeUtterance& utterance,
                                      const std::vector<LiveStream>& streams);

}  // namespace chatterbox::engine
