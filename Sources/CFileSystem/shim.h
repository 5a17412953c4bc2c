// SPDX-License-Identifier: Apache-2.0
//
// System calls and atomics that Swift's overlay of the C library does not provide. Header only: nothing is compiled or
// linked for it.
#ifndef IMAGESPEC_FILE_SYSTEM_H
#define IMAGESPEC_FILE_SYSTEM_H

#include <stddef.h>

/// Stores a pointer and returns the previous one. Safe in a signal handler.
static inline void *imagespec_exchange(void **slot, void *value) {
    return __atomic_exchange_n(slot, value, __ATOMIC_ACQ_REL);
}

/// Stores a pointer if the slot is empty. Returns whether it was.
static inline int imagespec_claim(void **slot, void *value) {
    void *empty = NULL;
    return __atomic_compare_exchange_n(slot, &empty, value, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/// The environment of the process, which is a variable that Swift does not let code read.
static inline char *const *imagespec_environment(void) {
    extern char **environ;
    return environ;
}

#ifdef __linux__
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

// Linux has these flags, but the C library declares them only with its own extensions.
// Source: the kernel's asm-generic/fcntl.h.
#define IMAGESPEC_O_PATH 010000000
#define IMAGESPEC_O_TMPFILE (020000000 | O_DIRECTORY)

/// Reads entries of an open directory, as many as fit, as `struct linux_dirent64`. Returns 0 at the end, -1 with errno.
static inline long imagespec_getdents(int directory, void *buffer, unsigned long size) {
    return syscall(SYS_getdents64, directory, buffer, size);
}

/// The magic number of the file system of an open file (statfs(2)); 0 if it cannot be determined.
static inline unsigned long imagespec_file_system_type(int descriptor) {
    struct statfs status;
    return fstatfs(descriptor, &status) == 0 ? (unsigned long)status.f_type & 0xffffffffUL : 0;
}

/// How many processors this process may run on; 0 if it cannot be determined.
static inline long imagespec_processor_count(void) {
    unsigned long mask[1024 / 8];
    long size = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask), count = 0;
    for (long i = 0; i < size / (long)sizeof mask[0]; i++) count += __builtin_popcountl(mask[i]);
    return count;
}

/// Opens a directory only to use it in other calls, which needs no permission to read it.
static inline int imagespec_open_directory(const char *path) {
    return open(path, IMAGESPEC_O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/// Creates a file without a name in an open directory: it disappears when it is closed. Returns -1 with errno if the file
/// system has no such files.
static inline int imagespec_create_unnamed(int directory, unsigned mode) {
    return openat(directory, ".", IMAGESPEC_O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
}

/// Gives a file without a name a name that does not exist yet. Needs /proc. Returns -1 with errno.
static inline int imagespec_link_unnamed(int descriptor, int directory, const char *name) {
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW);
}
#endif

#endif
