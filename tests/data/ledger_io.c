/* Preloaded into the program, ends it with SIGKILL at a chosen write to the ledger's files, sends it a signal there, or
 * makes the state directory one of a file system that is mounted read-only.
 *
 * LEDGER_KILL_AT=N   in the place of the N-th operation: a write, truncation, sync or unlink
 * LEDGER_TEAR_AT=N   once the first half of the N-th write is done
 * LEDGER_SIGNAL_AT=N right before the N-th operation, which is done; LEDGER_SIGNAL is the signal's number
 * LEDGER_COUNT=FILE  nowhere, and writes how many operations and writes there were into FILE
 * LEDGER_READ_ONLY=FILE  as long as FILE is there, each write, truncation, renaming and unlinking of the ledger's files, and
 *                    opening them or the lease to write, is answered with EROFS
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long operations, writes;

static long number_in(const char *variable) {
    const char *text = getenv(variable);
    return text ? atol(text) : 0;
}

static int names_ledger(const char *path) {
    return strstr(path, "/ledger.sqlite") != NULL;
}

static int is_ledger(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return names_ledger(path);
}

static int is_read_only(void) {
    const char *file = getenv("LEDGER_READ_ONLY");
    return file && access(file, F_OK) == 0;
}

static int refuse(void) {
    errno = EROFS;
    return -1;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void count_operation(void) {
    long number = atomic_fetch_add(&operations, 1) + 1;
    if (number == number_in("LEDGER_KILL_AT")) die();
    if (number == number_in("LEDGER_SIGNAL_AT")) kill(getpid(), (int)number_in("LEDGER_SIGNAL"));
}

/* Whether this write is the one that is torn. */
static int count_write(void) {
    count_operation();
    return atomic_fetch_add(&writes, 1) + 1 == number_in("LEDGER_TEAR_AT");
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(write);
    if (is_ledger(fd) && is_read_only()) return refuse();
    if (is_ledger(fd) && count_write()) {
        real(fd, bytes, count / 2);
        die();
    }
    return real(fd, bytes, count);
}

#define POSITIONED_WRITE(name, offset_t)                                        \
    ssize_t name(int fd, const void *bytes, size_t count, offset_t offset) {    \
        REAL(name);                                                             \
        if (is_ledger(fd) && is_read_only()) return refuse();                   \
        if (is_ledger(fd) && count_write()) {                                   \
            real(fd, bytes, count / 2, offset);                                 \
            die();                                                              \
        }                                                                       \
        return real(fd, bytes, count, offset);                                  \
    }
POSITIONED_WRITE(pwrite, off_t)
POSITIONED_WRITE(pwrite64, off64_t)

#define TRUNCATION(name, offset_t)                            \
    int name(int fd, offset_t length) {                       \
        REAL(name);                                           \
        if (is_ledger(fd) && is_read_only()) return refuse(); \
        if (is_ledger(fd)) count_operation();                 \
        return real(fd, length);                              \
    }
TRUNCATION(ftruncate, off_t)
TRUNCATION(ftruncate64, off64_t)

#define SYNC(name)                          \
    int name(int fd) {                      \
        REAL(name);                         \
        if (is_ledger(fd)) count_operation(); \
        return real(fd);                    \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    REAL(unlink);
    if (names_ledger(path) && is_read_only()) return refuse();
    if (names_ledger(path)) count_operation();
    return real(path);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    return names_ledger(from) && is_read_only() ? refuse() : real(from, to);
}

static int is_in_state(const char *path) {
    const char *lease = strstr(path, "/lease");
    return names_ledger(path) || (lease && !lease[strlen("/lease")]);
}

#define OPENING(name)                                                                                        \
    int name(const char *path, int flags, ...) {                                                             \
        REAL(name);                                                                                          \
        va_list more;                                                                                        \
        va_start(more, flags);                                                                               \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;                            \
        va_end(more);                                                                                        \
        if ((flags & O_ACCMODE) != O_RDONLY && is_in_state(path) && is_read_only()) return refuse();         \
        return real(path, flags, mode);                                                                      \
    }
OPENING(open)
OPENING(open64)

__attribute__((destructor)) static void report(void) {
    const char *path = getenv("LEDGER_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    fprintf(file, "%ld %ld\n", atomic_load(&operations), atomic_load(&writes));
    fclose(file);
}
