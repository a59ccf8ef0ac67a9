/* A slow disk: each flush of a file takes FLUSH_DELAY_MS longer. Loaded before the C library (LD_PRELOAD). It sleeps in the thread
   that flushes and holds nobody else up, which a tracer does. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int slowly(const char *name, int file)
{
    int (*flush)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    const char *delay = getenv("FLUSH_DELAY_MS");
    long ms = delay ? strtol(delay, NULL, 10) : 0;
    struct timespec longer = { ms / 1000, ms % 1000 * 1000000 };
    int done = flush(file);
    nanosleep(&longer, NULL);
    return done;
}

int fsync(int file) { return slowly("fsync", file); }
int fdatasync(int file) { return slowly("fdatasync", file); }
