// SPDX-License-Identifier: Apache-2.0
//
// Runs one command and prints what it took:
//
//     run STDIN STDOUT COMMAND [ARGUMENT...]
//     → wall nanoseconds, user µs, system µs, most resident KiB, exit status (128 + signal where one ended it)
//
// A program of its own, because a child counts the memory of the process that starts it as its own until it is the new
// program: that of Python would hide what a small tool takes.
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static long long nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long microseconds(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

int main(int count, char **arguments) {
    if (count < 4) {
        fprintf(stderr, "usage: run STDIN STDOUT COMMAND [ARGUMENT...]\n");
        return 64;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, arguments[1], O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, arguments[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);

    pid_t child;
    long long start = nanoseconds();
    int problem = posix_spawnp(&child, arguments[3], &actions, NULL, arguments + 3, environ);
    if (problem != 0) {
        fprintf(stderr, "run: %s: %s\n", arguments[3], strerror(problem));
        return 70;
    }
    int status;
    struct rusage usage;
    while (wait4(child, &status, 0, &usage) < 0)
        if (errno != EINTR) return 70;
    long long wall = nanoseconds() - start;
    long resident = usage.ru_maxrss;
#ifdef __APPLE__
    resident /= 1024;
#endif
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    printf("%lld %lld %lld %ld %d\n", wall, microseconds(usage.ru_utime), microseconds(usage.ru_stime), resident, code);
    return 0;
}
