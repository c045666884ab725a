/* A disk with a flush time: makes fsync() and fdatasync() of the program that it is preloaded into take at
 * least SLOW_FSYNC_US microseconds (2,000 when unset). A virtual machine's disk often answers a flush in
 * hundredths of a millisecond, from a cache; a server's SSD with its cache switched off takes one to five. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

typedef int Sync(int fd);

static int slowed(Sync *real, int fd)
{
    static long us;
    struct timespec begin, rest = { 0 };
    if (!us)
        us = getenv("SLOW_FSYNC_US") ? atol(getenv("SLOW_FSYNC_US")) : 2000;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    int rc = real(fd);
    rest.tv_sec = begin.tv_sec;
    rest.tv_nsec = begin.tv_nsec + us * 1000;
    rest.tv_sec += rest.tv_nsec / 1000000000;
    rest.tv_nsec %= 1000000000;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &rest, NULL);
    return rc;
}

int fsync(int fd)
{
    static Sync *real;
    if (!real)
        real = (Sync *)dlsym(RTLD_NEXT, "fsync");
    return slowed(real, fd);
}

int fdatasync(int fd)
{
    static Sync *real;
    if (!real)
        real = (Sync *)dlsym(RTLD_NEXT, "fdatasync");
    return slowed(real, fd);
}
