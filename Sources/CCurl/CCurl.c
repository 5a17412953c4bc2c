// SPDX-License-Identifier: Apache-2.0

#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

// The first fields of what `curl_version_info` returns.
struct version_info {
    int age;
    const char *version;
    unsigned int number;
    const char *host;
    int features;
    const char *tls;
};

// What `curl_multi_info_read` returns.
struct message {
    int kind;
    ccurl_easy *easy;
    union {
        void *any;
        int code;
    } data;
};

struct blob {
    void *bytes;
    size_t count;
    unsigned int flags;
};

enum { MESSAGE_DONE = 1, BLOB_COPY = 1, GLOBAL_ALL = 3 };
enum {
    OPT_WRITEDATA = 10001,
    OPT_READDATA = 10009,
    OPT_HEADERDATA = 10029,
    OPT_WRITEFUNCTION = 20011,
    OPT_READFUNCTION = 20012,
    OPT_HEADERFUNCTION = 20079
};

// curl_multi_wakeup came with 7.68.
enum { OLDEST_VERSION = 0x074400 };

static struct {
    int (*global_init)(long);
    struct version_info *(*version_info)(int);
    ccurl_easy *(*easy_init)(void);
    void (*easy_cleanup)(ccurl_easy *);
    int (*easy_setopt)(ccurl_easy *, int, ...);
    int (*easy_getinfo)(ccurl_easy *, int, ...);
    int (*easy_pause)(ccurl_easy *, int);
    const char *(*easy_strerror)(int);
    ccurl_list *(*slist_append)(ccurl_list *, const char *);
    void (*slist_free_all)(ccurl_list *);
    ccurl_multi *(*multi_init)(void);
    int (*multi_setopt)(ccurl_multi *, int, ...);
    int (*multi_add_handle)(ccurl_multi *, ccurl_easy *);
    int (*multi_remove_handle)(ccurl_multi *, ccurl_easy *);
    int (*multi_perform)(ccurl_multi *, int *);
    int (*multi_poll)(ccurl_multi *, void *, unsigned int, int, int *);
    int (*multi_wakeup)(ccurl_multi *);
    struct message *(*multi_info_read)(ccurl_multi *, int *);
} curl;

static int status = CCURL_MISSING;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int find(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    if (!address) return 0;
    // The one way that C leaves to make a function of what dlsym gives.
    memcpy(function, &address, sizeof address);
    return 1;
}

static int use(void *library) {
#define FIND(name) find(library, "curl_" #name, &curl.name)
    if (!FIND(global_init) || !FIND(version_info)) return CCURL_INCOMPLETE;
    struct version_info *info = curl.version_info(0);
    if (!info || info->number < OLDEST_VERSION) return CCURL_TOO_OLD;
    int is_complete = FIND(easy_init) && FIND(easy_cleanup) && FIND(easy_setopt) && FIND(easy_getinfo)
        && FIND(easy_pause) && FIND(easy_strerror) && FIND(slist_append) && FIND(slist_free_all) && FIND(multi_init)
        && FIND(multi_setopt) && FIND(multi_add_handle) && FIND(multi_remove_handle) && FIND(multi_perform)
        && FIND(multi_poll) && FIND(multi_wakeup) && FIND(multi_info_read);
#undef FIND
    if (!is_complete) return CCURL_INCOMPLETE;
    return curl.global_init(GLOBAL_ALL) == 0 ? CCURL_LOADED : CCURL_FAILED;
}

#ifdef __APPLE__
static const char *const names[] = {"libcurl.4.dylib", "/opt/homebrew/opt/curl/lib/libcurl.4.dylib"};
#else
// The second is the same interface over GnuTLS, which Debian's git brings.
static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
#endif

// Functions are looked up when they are first called: most of what the library brings with it is never called.
static void *open_library(const char *name) { return dlopen(name, RTLD_LAZY | RTLD_LOCAL); }

void ccurl_map(void) { open_library(names[0]); }

static void load(void) {
    for (size_t index = 0; index < sizeof names / sizeof *names && status != CCURL_LOADED; index++) {
        void *library = open_library(names[index]);
        if (library) status = use(library);
    }
}

int ccurl_load(void) {
    pthread_once(&once, load);
    return status;
}

const char *ccurl_version(void) { return ccurl_load() == CCURL_LOADED ? curl.version_info(0)->version : ""; }

const char *ccurl_tls_version(void) {
    const char *version = ccurl_load() == CCURL_LOADED ? curl.version_info(0)->tls : NULL;
    return version ? version : "";
}

ccurl_easy *ccurl_easy_new(void) { return curl.easy_init(); }
void ccurl_easy_free(ccurl_easy *easy) { curl.easy_cleanup(easy); }

int ccurl_easy_set_integer(ccurl_easy *easy, int option, long value) {
    return curl.easy_setopt(easy, option, value);
}

int ccurl_easy_set_text(ccurl_easy *easy, int option, const char *text) {
    return curl.easy_setopt(easy, option, text);
}

int ccurl_easy_set_list(ccurl_easy *easy, int option, ccurl_list *list) {
    return curl.easy_setopt(easy, option, list);
}

int ccurl_easy_set_error_buffer(ccurl_easy *easy, char *buffer) {
    return curl.easy_setopt(easy, CCURL_OPT_ERRORBUFFER, buffer);
}

int ccurl_easy_set_blob(ccurl_easy *easy, int option, const void *bytes, size_t count) {
    struct blob blob = {(void *)bytes, count, BLOB_COPY};
    return curl.easy_setopt(easy, option, &blob);
}

int ccurl_easy_set_sinks(ccurl_easy *easy, ccurl_sink header, ccurl_sink body, void *context) {
    int code = curl.easy_setopt(easy, OPT_HEADERFUNCTION, header);
    if (code == 0) code = curl.easy_setopt(easy, OPT_HEADERDATA, context);
    if (code == 0) code = curl.easy_setopt(easy, OPT_WRITEFUNCTION, body);
    if (code == 0) code = curl.easy_setopt(easy, OPT_WRITEDATA, context);
    return code;
}

int ccurl_easy_set_source(ccurl_easy *easy, ccurl_sink source, void *context) {
    int code = curl.easy_setopt(easy, OPT_READFUNCTION, source);
    if (code == 0) code = curl.easy_setopt(easy, OPT_READDATA, context);
    return code;
}

int ccurl_easy_resume(ccurl_easy *easy) { return curl.easy_pause(easy, 0); }

long ccurl_easy_integer(ccurl_easy *easy, int info) {
    long value = 0;
    return curl.easy_getinfo(easy, info, &value) == 0 ? value : 0;
}

double ccurl_easy_number(ccurl_easy *easy, int info) {
    double value = 0;
    return curl.easy_getinfo(easy, info, &value) == 0 ? value : 0;
}

const char *ccurl_easy_text(ccurl_easy *easy, int info) {
    const char *text = NULL;
    return curl.easy_getinfo(easy, info, &text) == 0 ? text : NULL;
}

const char *ccurl_easy_error(int code) { return curl.easy_strerror(code); }

ccurl_list *ccurl_list_append(ccurl_list *list, const char *text) { return curl.slist_append(list, text); }
void ccurl_list_free(ccurl_list *list) { curl.slist_free_all(list); }

ccurl_multi *ccurl_multi_new(void) { return curl.multi_init(); }

int ccurl_multi_set_integer(ccurl_multi *multi, int option, long value) {
    return curl.multi_setopt(multi, option, value);
}

int ccurl_multi_add(ccurl_multi *multi, ccurl_easy *easy) { return curl.multi_add_handle(multi, easy); }
int ccurl_multi_remove(ccurl_multi *multi, ccurl_easy *easy) { return curl.multi_remove_handle(multi, easy); }

int ccurl_multi_perform(ccurl_multi *multi) {
    int running = 0;
    return curl.multi_perform(multi, &running);
}

int ccurl_multi_poll(ccurl_multi *multi, int milliseconds) {
    return curl.multi_poll(multi, NULL, 0, milliseconds, NULL);
}

int ccurl_multi_wakeup(ccurl_multi *multi) { return curl.multi_wakeup(multi); }

ccurl_easy *ccurl_multi_next_done(ccurl_multi *multi, int *code) {
    int left = 0;
    struct message *message;
    while ((message = curl.multi_info_read(multi, &left))) {
        if (message->kind == MESSAGE_DONE) {
            *code = message->data.code;
            return message->easy;
        }
    }
    return NULL;
}
