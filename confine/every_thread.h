// confine/every_thread.h - capabilities, landlock and the bounding set are a thread's own, and no call takes them from another
// thread: each is interrupted by a signal and does it itself.
#pragma once

namespace penstock::confine {

// Runs `step` in every other thread of the process, in a signal's handler: system calls only. False: some thread has not done it
// within a second, or says so by returning false.
bool in_every_other_thread(bool (*step)());

}  // namespace penstock::confine
