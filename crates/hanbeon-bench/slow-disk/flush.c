/* A slow disk: each flush of a file takes FLUSH_DELAY_MS longer; if FLUSH_DELAY_OF is set, of a file whose path has that in it. Loaded
   before the C library (LD_PRELOAD). It sleeps in the thread that flushes and holds nobody else up, which a tracer does. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int is_meant(int file)
{
    const char *part = getenv("FLUSH_DELAY_OF");
    char link[64], path[4096];
    if (!part) return 1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    return strstr(path, part) != NULL;
}

static int slowly(const char *name, int file)
{
    int (*flush)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    const char *delay = getenv("FLUSH_DELAY_MS");
    long ms = delay ? strtol(delay, NULL, 10) : 0;
    struct timespec longer = { ms / 1000, ms % 1000 * 1000000 };
    int done = flush(file);
    if (is_meant(file)) nanosleep(&longer, NULL);
    return done;
}

int fsync(int file) { return slowly("fsync", file); }
int fdatasync(int file) { return slowly("fdatasync", file); }
