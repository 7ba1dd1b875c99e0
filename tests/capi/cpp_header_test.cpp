// The C++ header needs nothing before it, and its types are what its comments say.
#include <chatterbox/chatterbox.hpp>
#include <type_traits>

static_assert(std::is_copy_constructible_v<chatterbox::Voice>);
static_assert(std::is_copy_constructible_v<chatterbox::Job>);
static_assert(std::is_nothrow_move_constructible_v<chatterbox::ChatterboxEngine>);
static_assert(!std::is_copy_constructible_v<chatterbox::ChatterboxEngine>);
static_assert(std::is_base_of_v<std::runtime_error, chatterbox::Error>);
static_assert(static_cast<chatterbox_status>(chatterbox::Status::kNoSpeech) ==
              CHATTERBOX_STATUS_NO_SPEECH);

#if __cplusplus >= 202002L
// Any member may be left out, without a warning.
namespace {
[[maybe_unused]] const chatterbox::EngineOptions options{.model = "demo", .threads = 2};
[[maybe_unused]] const chatterbox::Request request{.text = "Hello.", .cfg_weight = 0};
}  // namespace
#endif
