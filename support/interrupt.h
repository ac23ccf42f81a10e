// SIGINT and SIGTERM become an exception at the next safe point, so that a checkpoint can be written.
#pragma once

namespace tessera::support {

/// From now on the two signals are remembered; a second SIGINT ends the process at once.
void install_signal_handlers();
/// True once a signal has come.
bool interrupt_pending() noexcept;
/// Throws Interrupted when a signal has come. Call it between units of work whose results are stored.
void check_interrupt();

} // namespace tessera::support
