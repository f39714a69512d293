#ifndef SUMSCOPE_SERVER_ALLOCATOR_H_
#define SUMSCOPE_SERVER_ALLOCATOR_H_

namespace sumscope {

// glibc's allocator makes up to eight arenas a core for threads that come and go, and keeps what each once had: a
// thousand watches that are over left two hundred megabytes.

// Bounds the number of arenas, and gives what is large, such as the pieces of files on their way, back at once when it
// is free: glibc's own bound for that rises to the largest piece that was ever freed. Before the first thread.
void BoundAllocator();
// Gives free pages back to the system: costs milliseconds, to be called now and then.
void TrimAllocator();

}  // namespace sumscope

#endif  // SUMSCOPE_SERVER_ALLOCATOR_H_
