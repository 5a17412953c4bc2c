// SPDX-License-Identifier: Apache-2.0
//
// A few calls of Linux that Swift's overlay of the C library does not show. Nothing here is compiled on its own or linked.
#ifndef IMAGESPEC_FILE_SYSTEM_H
#define IMAGESPEC_FILE_SYSTEM_H

#ifdef __linux__
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/// The entries of an open folder, as many as fit, as `struct linux_dirent64`; 0 at the end, -1 with errno.
static inline long imagespec_getdents(int folder, void *buffer, unsigned long size) {
    return syscall(SYS_getdents64, folder, buffer, size);
}

/// The magic number of the file system that an open file lies in (statfs(2)); 0 where it cannot be told.
static inline unsigned long imagespec_file_system_type(int descriptor) {
    struct statfs status;
    return fstatfs(descriptor, &status) == 0 ? (unsigned long)status.f_type & 0xffffffffUL : 0;
}

/// How many processors this process may run on; 0 where it cannot be told.
static inline long imagespec_processor_count(void) {
    unsigned long mask[1024 / 8];
    long size = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask), count = 0;
    for (long i = 0; i < size / (long)sizeof mask[0]; i++) count += __builtin_popcountl(mask[i]);
    return count;
}
#endif

#endif
