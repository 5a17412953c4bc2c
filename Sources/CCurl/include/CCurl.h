// SPDX-License-Identifier: Apache-2.0
//
// The few functions of libcurl that are used, from a library that is looked for when it is first needed: building
// needs no header of it, and a program that asks no registry never loads it. libcurl's binary interface, with the
// numbers below, has been one since 2006 (soname 4).

#ifndef CCURL_H
#define CCURL_H

#include <stddef.h>

typedef struct ccurl_easy ccurl_easy;
typedef struct ccurl_multi ccurl_multi;
typedef struct ccurl_list ccurl_list;

/// Takes bytes; any other result than their number ends the transfer.
typedef size_t (*ccurl_sink)(char *bytes, size_t size, size_t count, void *context);

/// Loads the library, once for all threads. 0, or what is wrong: no library, one without a function that is needed,
/// one that is too old, one that cannot be initialised.
int ccurl_load(void);

enum { CCURL_LOADED = 0, CCURL_MISSING, CCURL_INCOMPLETE, CCURL_TOO_OLD, CCURL_FAILED };

/// Maps the library and the many libraries that it needs, without using them. For a process that will use it soon and has
/// one thread yet: as others run, each of the hundreds of changes to the address space has to wait for their processors.
void ccurl_map(void);

/// The version of the library, such as `7.88.1`, or an empty text. (`curl_version` also begins to use libraries of LDAP
/// and SASL, to say what they are.)
const char *ccurl_version(void);

/// The TLS library and its version, such as `OpenSSL/3.0.17`, or an empty text.
const char *ccurl_tls_version(void);

// What follows may be called once the library is loaded.

// Numbers of curl.h. Integers from 0, pointers from 10000, functions from 20000, blobs from 40000.
enum {
    CCURL_OPT_URL = 10002,
    CCURL_OPT_PROXY = 10004,
    CCURL_OPT_ERRORBUFFER = 10010,
    CCURL_OPT_USERAGENT = 10018,
    CCURL_OPT_HTTPHEADER = 10023,
    CCURL_OPT_SSLCERT = 10025,
    CCURL_OPT_CUSTOMREQUEST = 10036,
    CCURL_OPT_CAINFO = 10065,
    CCURL_OPT_SSLKEY = 10087,
    CCURL_OPT_CAPATH = 10097,
    CCURL_OPT_COPYPOSTFIELDS = 10165,
    CCURL_OPT_NOPROXY = 10177,
    CCURL_OPT_PROXY_CAINFO = 10246,
    CCURL_OPT_PROXY_CAPATH = 10247,
    CCURL_OPT_PROTOCOLS_STR = 10318,
    CCURL_OPT_CAINFO_BLOB = 40309,
    CCURL_OPT_LOW_SPEED_LIMIT = 19,
    CCURL_OPT_LOW_SPEED_TIME = 20,
    CCURL_OPT_NOPROGRESS = 43,
    CCURL_OPT_NOBODY = 44,
    CCURL_OPT_UPLOAD = 46,
    CCURL_OPT_POST = 47,
    CCURL_OPT_FOLLOWLOCATION = 52,
    CCURL_OPT_POSTFIELDSIZE = 60,
    CCURL_OPT_FRESH_CONNECT = 74,
    CCURL_OPT_HTTP_VERSION = 84,
    CCURL_OPT_NOSIGNAL = 99,
    CCURL_OPT_TIMEOUT_MS = 155,
    CCURL_OPT_CONNECTTIMEOUT_MS = 156,
    CCURL_OPT_PROTOCOLS = 181,
    CCURL_OPT_PATH_AS_IS = 234,
    CCURL_OPT_PIPEWAIT = 237,
    CCURL_OPT_SUPPRESS_CONNECT_HEADERS = 265,
    CCURL_OPT_UPLOAD_BUFFERSIZE = 280,
    CCURL_OPT_QUICK_EXIT = 322,
    CCURL_OPT_INFILESIZE_LARGE = 30115,

    CCURL_MOPT_MAXCONNECTS = 6,

    CCURL_INFO_PRIMARY_IP = 0x100000 + 32,
    CCURL_INFO_RESPONSE_CODE = 0x200000 + 2,
    CCURL_INFO_PRIMARY_PORT = 0x200000 + 40,
    CCURL_INFO_HTTP_VERSION = 0x200000 + 46,
    CCURL_INFO_PRETRANSFER_TIME = 0x300000 + 6,
};

/// What a sink or a source returns to wait until `ccurl_easy_resume`, and a source to end the transfer.
enum { CCURL_PAUSE = 0x10000001, CCURL_ABORT = 0x10000000 };

/// The size of the buffer of CCURL_OPT_ERRORBUFFER.
enum { CCURL_ERROR_SIZE = 256 };

ccurl_easy *ccurl_easy_new(void);
void ccurl_easy_free(ccurl_easy *easy);
int ccurl_easy_set_integer(ccurl_easy *easy, int option, long value);
int ccurl_easy_set_text(ccurl_easy *easy, int option, const char *text);
int ccurl_easy_set_list(ccurl_easy *easy, int option, ccurl_list *list);
int ccurl_easy_set_error_buffer(ccurl_easy *easy, char *buffer);
/// The bytes are copied.
int ccurl_easy_set_blob(ccurl_easy *easy, int option, const void *bytes, size_t count);
int ccurl_easy_set_sinks(ccurl_easy *easy, ccurl_sink header, ccurl_sink body, void *context);
/// Where the bytes of an upload come from: it fills the buffer and returns the number of bytes, 0 at the end.
int ccurl_easy_set_source(ccurl_easy *easy, ccurl_sink source, void *context);
/// Continues a transfer whose sink or source paused it.
int ccurl_easy_resume(ccurl_easy *easy);
long ccurl_easy_integer(ccurl_easy *easy, int info);
double ccurl_easy_number(ccurl_easy *easy, int info);
/// Lives as long as the handle; NULL where there is none.
const char *ccurl_easy_text(ccurl_easy *easy, int info);
const char *ccurl_easy_error(int code);

ccurl_list *ccurl_list_append(ccurl_list *list, const char *text);
void ccurl_list_free(ccurl_list *list);

ccurl_multi *ccurl_multi_new(void);
int ccurl_multi_set_integer(ccurl_multi *multi, int option, long value);
int ccurl_multi_add(ccurl_multi *multi, ccurl_easy *easy);
int ccurl_multi_remove(ccurl_multi *multi, ccurl_easy *easy);
int ccurl_multi_perform(ccurl_multi *multi);
int ccurl_multi_poll(ccurl_multi *multi, int milliseconds);
/// The one function that may be called from another thread than the others.
int ccurl_multi_wakeup(ccurl_multi *multi);
/// The next transfer that has ended, and how; NULL where there is none.
ccurl_easy *ccurl_multi_next_done(ccurl_multi *multi, int *code);

#endif
