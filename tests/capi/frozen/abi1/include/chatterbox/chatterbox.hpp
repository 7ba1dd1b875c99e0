// The C++17 interface of chatterbox: text and a voice in, 24 kHz speech out. It consists of headers
// only, over the C interface: <chatterbox/chatterbox.h> documents every range, default and error,
// and is the only binary boundary, so compilers and standard libraries may differ.
//
//   auto engine = chatterbox::ChatterboxEngine::load();              // the demo model
//   auto result = engine.generate("Hello.");                         // in the model's own voice
//   chatterbox::write_audio("hello.wav", result);
//
// Threads: every member function of every class may be called from any thread at any time, unless
// its comment says otherwise; but no other call may use an object while it is moved, assigned or
// destroyed. Errors: functions throw chatterbox::Error or std::bad_alloc. An option that is not set
// has no value: -1, which stands for that in C, is refused. A callback may throw: the exception
// does not pass through C, but cancels the request, which ends with kCancelled and the exception's
// message.
//
// Objects own their C handle, which handle() returns without giving it away; a moved-from object
// has none, and its functions throw kInvalidArgument. Views (Samples, Chunk, List,
// std::string_view) belong to the object that returned them. Errors aside, these headers copy no
// samples, bytes or strings, and allocate nothing beyond what a program in C would (an object that
// holds callbacks as long as they may be called, arrays of files, requests, outcomes and jobs) but
// the counter that copies of an Audio, Voice, Job or Result share.
#ifndef CHATTERBOX_CHATTERBOX_HPP
#define CHATTERBOX_CHATTERBOX_HPP

#include <chatterbox/chatterbox.h>

#include <chatterbox/cpp/audio.hpp>
#include <chatterbox/cpp/batch.hpp>
#include <chatterbox/cpp/bytes.hpp>
#include <chatterbox/cpp/callbacks.hpp>
#include <chatterbox/cpp/core.hpp>
#include <chatterbox/cpp/engine.hpp>
#include <chatterbox/cpp/job.hpp>
#include <chatterbox/cpp/list.hpp>
#include <chatterbox/cpp/options.hpp>
#include <chatterbox/cpp/request.hpp>
#include <chatterbox/cpp/result.hpp>
#include <chatterbox/cpp/to_c.hpp>
#include <chatterbox/cpp/voice.hpp>
#include <chatterbox/cpp/watermark.hpp>

#endif  // CHATTERBOX_CHATTERBOX_HPP
