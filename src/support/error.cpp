#include "support/error.h"

namespace chatterbox {

Error::Error(Status status, const std::string& message)
    : std::runtime_error(message), status_(status) {}

Error::~Error() = default;

}  // namespace chatterbox
