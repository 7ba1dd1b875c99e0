// How much memory the process has in use, as Linux counts it.
#pragma once

namespace chatterbox::bench {

[[nodiscard]] double rss_mib();
// The most since the last reset_peak_rss(), or since the start.
[[nodiscard]] double peak_rss_mib();
// Gives freed memory back to the system first, so that what is measured next does not pay for what
// was measured before.
void reset_peak_rss();

}  // namespace chatterbox::bench
