// SPDX-License-Identifier: Apache-2.0
//
// What the bare system calls take over a list of files: the least that a program can need which looks at each.
//
//     limits THREADS < LIST      paths below the working directory, each ended by NUL, those of a folder together
//
// Prints one JSON object with seconds of wall time: "read" (openat, fstat, read to the end, close, for each file),
// "stat" (fstatat for each file and folder), "walk" (reading all folders), and the number of files, folders and bytes.
// Folders are opened before the clock starts, but for "walk", to which that belongs.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#define BUFFER (256 << 10)
#define MOST_THREADS 256

typedef struct {
    int folder;        // a descriptor, to which the name is relative
    const char *name;
    int is_folder;
} Entry;

static Entry *entries;       // the files, then the folders
static size_t file_count, entry_count, capacity;
static size_t thread_count;

static void fail(const char *what) {
    perror(what);
    exit(70);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static void *allocated(void *pointer) {
    if (!pointer) fail("memory");
    return pointer;
}

static void add(Entry entry) {
    if (entry_count == capacity) {
        capacity = capacity ? capacity * 2 : 4096;
        entries = allocated(realloc(entries, capacity * sizeof(Entry)));
    }
    entries[entry_count++] = entry;
}

static char *read_list(size_t *size) {
    size_t room = 1 << 20;
    char *text = allocated(malloc(room + 1));
    for (*size = 0;;) {
        ssize_t count = read(0, text + *size, room - *size);
        if (count < 0) fail("list");
        if (count == 0) break;
        *size += count;
        if (*size == room) text = allocated(realloc(text, (room *= 2) + 1));
    }
    text[*size] = 0;
    return text;
}

// --- folders by their path ------------------------------------------------------------------------------------------

typedef struct { char *path; int descriptor; } Folder;
static Folder *table;
static size_t table_size, folder_count;

static size_t slot(const char *path, size_t length) {
    size_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)path[i]) * 1099511628211u;
    for (hash &= table_size - 1; table[hash].path; hash = (hash + 1) & (table_size - 1))
        if (strlen(table[hash].path) == length && memcmp(table[hash].path, path, length) == 0) break;
    return hash;
}

// The descriptor of a folder, which is opened, and its parents before it, where it has not been yet.
static int folder(const char *path, size_t length) {
    size_t place = slot(path, length);
    if (table[place].path) return table[place].descriptor;
    size_t parent = length;
    while (parent > 0 && path[parent - 1] != '/') parent--;
    if (length > 0) folder(path, parent > 0 ? parent - 1 : 0);
    char *copy = allocated(strndup(path, length));
    int descriptor = open(length > 0 ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) fail(copy);
    place = slot(path, length);
    table[place] = (Folder){copy, descriptor};
    if (++folder_count * 2 > table_size) { fprintf(stderr, "limits: too many folders\n"); exit(70); }
    return descriptor;
}

static void read_entries(void) {
    size_t size;
    char *list = read_list(&size);
    table_size = 1 << 16;
    table = allocated(calloc(table_size, sizeof(Folder)));
    folder("", 0);
    for (char *path = list; path < list + size; path += strlen(path) + 1) {
        char *base = strrchr(path, '/');
        add((Entry){base ? folder(path, base - path) : folder("", 0), base ? base + 1 : path, 0});
    }
    file_count = entry_count;
    for (size_t i = 0; i < table_size; i++)
        if (table[i].path) add((Entry){table[i].descriptor, ".", 1});
}

// --- what is timed --------------------------------------------------------------------------------------------------

typedef struct { size_t thread; unsigned long long bytes; } Share;

static unsigned long long read_file(const Entry *entry, char *buffer) {
    int file = openat(entry->folder, entry->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) fail(entry->name);
    unsigned long long bytes = 0;
    ssize_t count;
    // A file is at its end where a read gives as much as fstat said; no second read is needed to know.
    while (bytes < (unsigned long long)status.st_size && (count = read(file, buffer, BUFFER)) > 0) bytes += count;
    close(file);
    return bytes;
}

static void *read_share(void *argument) {
    Share *share = argument;
    char *buffer = allocated(malloc(BUFFER));
    size_t end = file_count * (share->thread + 1) / thread_count;
    for (size_t i = file_count * share->thread / thread_count; i < end; i++) share->bytes += read_file(&entries[i], buffer);
    free(buffer);
    return NULL;
}

static void *stat_share(void *argument) {
    Share *share = argument;
    size_t end = entry_count * (share->thread + 1) / thread_count;
    for (size_t i = entry_count * share->thread / thread_count; i < end; i++) {
        struct stat status;
        if (fstatat(entries[i].folder, entries[i].name, &status, AT_SYMLINK_NOFOLLOW) != 0) fail(entries[i].name);
        share->bytes += status.st_size;
    }
    return NULL;
}

static void *walk_share(void *argument) {
    Share *share = argument;
    size_t folders = entry_count - file_count;
    size_t end = folders * (share->thread + 1) / thread_count;
    for (size_t i = folders * share->thread / thread_count; i < end; i++) {
        int descriptor = openat(entries[file_count + i].folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (descriptor < 0) fail("folder");
#ifdef __linux__
        char buffer[32 << 10];
        long count;
        while ((count = syscall(SYS_getdents64, descriptor, buffer, sizeof buffer)) > 0) share->bytes += count;
        close(descriptor);
#else
        DIR *stream = fdopendir(descriptor);
        while (stream && readdir(stream)) share->bytes++;
        if (stream) closedir(stream);
#endif
    }
    return NULL;
}

static double timed(void *(*work)(void *), unsigned long long *bytes) {
    pthread_t threads[MOST_THREADS];
    Share shares[MOST_THREADS];
    double start = seconds();
    for (size_t i = 0; i < thread_count; i++) {
        shares[i] = (Share){i, 0};
        if (pthread_create(&threads[i], NULL, work, &shares[i]) != 0) fail("thread");
    }
    *bytes = 0;
    for (size_t i = 0; i < thread_count; i++) {
        pthread_join(threads[i], NULL);
        *bytes += shares[i].bytes;
    }
    return seconds() - start;
}

int main(int count, char **arguments) {
    thread_count = count > 1 ? strtoul(arguments[1], NULL, 10) : 1;
    if (thread_count < 1 || thread_count > MOST_THREADS) { fprintf(stderr, "usage: limits THREADS < LIST\n"); return 64; }
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    read_entries();
    unsigned long long bytes, ignored;
    double read_time = timed(read_share, &bytes), stat_time = timed(stat_share, &ignored);
    double walk_time = timed(walk_share, &ignored);
    printf("{\"read\": %.9f, \"stat\": %.9f, \"walk\": %.9f, \"files\": %zu, \"folders\": %zu, \"bytes\": %llu}\n",
        read_time, stat_time, walk_time, file_count, entry_count - file_count, bytes);
    return 0;
}
