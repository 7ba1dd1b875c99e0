#include "engine/scheduling/waiting_room.h"

#include "support/error.h"

namespace chatterbox::engine {

WaitingRoom::Seat& WaitingRoom::Seat::operator=(Seat&& other) noexcept {
  if (this == &other) return *this;
  leave();
  room_ = std::move(other.room_);
  bytes_ = other.bytes_;
  return *this;
}

void WaitingRoom::Seat::leave() noexcept {
  const std::shared_ptr<WaitingRoom> room = std::exchange(room_, nullptr);
  if (!room) return;
  const std::lock_guard<std::mutex> lock(room->mutex_);
  --room->seats_;
  room->bytes_ -= bytes_;
  room->changed_.notify_all();
}

bool WaitingRoom::has_room(int64_t bytes) const {
  return seats_ < max_seats_ && (bytes_ == 0 || bytes <= max_bytes_ - bytes_);
}

void WaitingRoom::refuse(int64_t bytes) const {
  if (seats_ >= max_seats_) {
    fail(Status::kBusy, "{} requests are waiting, which is max_queue", seats_);
  }
  if (!has_room(bytes)) {
    fail(Status::kBusy,
         "{} requests are waiting that hold {} bytes, another {} would exceed max_queue_bytes, {}",
         seats_, bytes_, bytes, max_bytes_);
  }
  fail(Status::kBusy, "{} callers wait for room in the queue, where {} requests are waiting",
       tickets_.size(), seats_);
}

WaitingRoom::Seat WaitingRoom::enter(int32_t priority, int64_t bytes, TimePoint due) {
  std::unique_lock<std::mutex> lock(mutex_);
  const Ticket ticket{-priority, next_ticket_++};
  const auto may_enter = [&] {
    return closed_ || (has_room(bytes) && (tickets_.empty() || ticket <= *tickets_.begin()));
  };
  if (!may_enter() && due > Clock::now()) {
    const auto mine = tickets_.insert(ticket).first;
    (void)wait_until(changed_, lock, due, may_enter);
    tickets_.erase(mine);
    changed_.notify_all();  // whoever is next may fit now
  }
  if (closed_) closed_->raise();
  if (!may_enter()) refuse(bytes);
  ++seats_;
  bytes_ += bytes;
  return {shared_from_this(), bytes};
}

void WaitingRoom::close(const Failure& reason) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!closed_) closed_ = reason;
  changed_.notify_all();
}

void WaitingRoom::check_open() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) closed_->raise();
}

int64_t WaitingRoom::waiting() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<int64_t>(tickets_.size());
}

bool WaitingRoom::wait_until_empty(TimePoint due) {
  std::unique_lock<std::mutex> lock(mutex_);
  return wait_until(changed_, lock, due, [this] { return seats_ == 0; });
}

int64_t WaitingRoom::bytes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return bytes_;
}

}  // namespace chatterbox::engine
