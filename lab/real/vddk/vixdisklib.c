/* A stand-in for VMware's libvixDiskLib: our own, for tests. It holds no text of VMware's; its types are what nbdkit's
 * vddk plugin is seen to pass and to read. It lets the real plugin, and whatever starts it, read disks that lie as
 * files in folders, one folder a datastore. It does no network I/O.
 *
 *   VDDK_STANDIN_ROOT      "[DS] a/b.vmdk" is ROOT/DS/a/b-flat.vmdk
 *   VDDK_STANDIN_MAP       a file instead: each line a path as above, a tab, and the file that holds the bytes
 *   VDDK_STANDIN_PASSWORD  another password is refused
 *   VDDK_STANDIN_LOG       a line for each call, never with a password
 *   VDDK_STANDIN_FAULT     one of: connect, open, crash-at:N, hang-at:N, error-at:N (N: a sector that is read)
 *   VDDK_STANDIN_ONCE      a file: the fault strikes while it is there, and takes it away as it strikes
 *   VDDK_STANDIN_SLOW_MS   each read takes so long
 *
 * cc -shared -fPIC -Wl,-soname,libvixDiskLib.so.8 -o lib64/libvixDiskLib.so.8 vixdisklib.c -lpthread
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t Result;
enum { DONE = 0, FAILED = 1, BAD_ARGUMENT = 3, NO_FILE = 4, UNSUPPORTED = 6, REFUSED = 18000, UNDER_WAY = 25000 };
enum { SECTOR = 512, FLAG_READ_ONLY = 4 };
typedef void LogFunction(const char *format, va_list arguments);
typedef void Finished(void *of, Result result);

struct ConnectParams {
  char *vm;
  char *server;
  char *thumbprint;
  long reserved1;
  int credentials;
  union {
    struct { char *user, *password; } plain;
    struct { char *cookie, *user, *key; } session;
  } by;
  uint32_t port;
  uint32_t nfc_port;
  char *reserved2;
  char reserved3[8];
  void *reserved4;
  struct { char *id, *datastore, *ssid; } object;
  int kind;
  char room[256];
};
struct Geometry { uint32_t cylinders, heads, sectors; };
struct Info {
  struct Geometry bios, physical;
  uint64_t capacity; /* sectors */
  int adapter;
  int links;
  char *parent;
  char *uuid;
  uint32_t logical, sector;
};
struct Block { uint64_t offset, length; };
struct Blocks { uint32_t count; struct Block block[1]; };
struct Connection { char transport[8]; };
struct Disk { int file; uint64_t sectors; struct Connection *connection; };

static void note(const char *format, ...) {
  const char *path = getenv("VDDK_STANDIN_LOG");
  FILE *out = path ? fopen(path, "a") : NULL;
  if (!out) return;
  va_list arguments;
  va_start(arguments, format);
  vfprintf(out, format, arguments);
  va_end(arguments);
  fputc('\n', out);
  fclose(out);
}

static const char *shown(const char *text) { return text ? text : "-"; }

/* Whether the fault of that name is to strike now. `sector`: where one that names a place strikes. */
static int strikes(const char *name, uint64_t from, uint64_t count) {
  const char *fault = getenv("VDDK_STANDIN_FAULT");
  size_t length = strlen(name);
  if (!fault || strncmp(fault, name, length) != 0) return 0;
  if (fault[length] == ':') {
    uint64_t at = strtoull(fault + length + 1, NULL, 10);
    if (at < from || at >= from + count) return 0;
  } else if (fault[length] != '\0') return 0;
  const char *once = getenv("VDDK_STANDIN_ONCE");
  return !once || unlink(once) == 0;
}

EXPORT Result VixDiskLib_InitEx(uint32_t major, uint32_t minor, LogFunction *log, LogFunction *warn, LogFunction *panic,
                                const char *libdir, const char *config) {
  (void)log; (void)warn; (void)panic; (void)config;
  note("InitEx %u.%u libdir=%s", major, minor, shown(libdir));
  return DONE;
}
EXPORT void VixDiskLib_Exit(void) { note("Exit"); }
EXPORT const char *VixDiskLib_ListTransportModes(void) { return "file:nbdssl:nbd"; }
EXPORT char *VixDiskLib_GetErrorText(Result result, const char *locale) {
  (void)locale;
  char *text;
  const char *why = result == REFUSED ? "the server refuses the user or the password"
                    : result == NO_FILE ? "there is no such file"
                                        : "the stand-in was told to fail";
  return asprintf(&text, "stand-in error %llu: %s", (unsigned long long)result, why) < 0 ? NULL : text;
}
EXPORT void VixDiskLib_FreeErrorText(char *text) { free(text); }
EXPORT struct ConnectParams *VixDiskLib_AllocateConnectParams(void) { return calloc(1, sizeof(struct ConnectParams)); }
EXPORT void VixDiskLib_FreeConnectParams(struct ConnectParams *params) { free(params); }

EXPORT Result VixDiskLib_ConnectEx(const struct ConnectParams *params, char read_only, const char *snapshot,
                                   const char *modes, void **connection) {
  const char *wanted = getenv("VDDK_STANDIN_PASSWORD");
  const char *given = params->by.plain.password;
  note("ConnectEx server=%s port=%u user=%s thumbprint=%s vm=%s readonly=%d snapshot=%s transports=%s",
       shown(params->server), params->port, shown(params->by.plain.user), shown(params->thumbprint), shown(params->vm),
       read_only, shown(snapshot), shown(modes));
  if (strikes("connect", 0, 0)) return REFUSED;
  if (wanted && (!given || strcmp(wanted, given) != 0)) return REFUSED;
  struct Connection *made = calloc(1, sizeof *made);
  snprintf(made->transport, sizeof made->transport, "%s", params->server ? "nbdssl" : "file");
  *connection = made;
  return DONE;
}
EXPORT Result VixDiskLib_Disconnect(void *connection) {
  note("Disconnect");
  free(connection);
  return DONE;
}

/* The file of a line of the map; its size is that of `into`. */
static int mapped(const char *map, const char *path, char *into, size_t size) {
  char line[8192];
  int found = 0;
  FILE *in = fopen(map, "r");
  while (in && !found && fgets(line, sizeof line, in)) {
    char *tab = strchr(line, '\t');
    if (!tab) continue;
    *tab = '\0';
    if (strcmp(line, path) != 0) continue;
    tab[1 + strcspn(tab + 1, "\n")] = '\0';
    found = snprintf(into, size, "%s", tab + 1) < (int)size;
  }
  if (in) fclose(in);
  return found;
}

/* "[DS] a/b.vmdk" below the root. */
static int below(const char *root, const char *path, char *into, size_t size) {
  const char *end = path[0] == '[' ? strchr(path, ']') : NULL;
  size_t length = strlen(path);
  if (!end || length < 5 || strcmp(path + length - 5, ".vmdk") != 0 || strstr(path, "..")) return 0;
  const char *rest = end[1] == ' ' ? end + 2 : end + 1;
  return snprintf(into, size, "%s/%.*s/%.*s-flat.vmdk", root, (int)(end - path - 1), path + 1,
                  (int)(strlen(rest) - 5), rest) < (int)size;
}

EXPORT Result VixDiskLib_Open(void *connection, const char *path, uint32_t flags, void **disk) {
  const char *root = getenv("VDDK_STANDIN_ROOT"), *map = getenv("VDDK_STANDIN_MAP");
  char file[4096];
  note("Open %s flags=%u", path, flags);
  if (strikes("open", 0, 0)) return NO_FILE;
  if (!(flags & FLAG_READ_ONLY)) return UNSUPPORTED;
  if (!(map ? mapped(map, path, file, sizeof file) : root && below(root, path, file, sizeof file))) return NO_FILE;
  struct stat facts;
  int handle = open(file, O_RDONLY | O_CLOEXEC);
  if (handle < 0 || fstat(handle, &facts) != 0) return NO_FILE;
  struct Disk *made = calloc(1, sizeof *made);
  made->file = handle;
  made->sectors = facts.st_size / SECTOR;
  made->connection = connection;
  *disk = made;
  return DONE;
}
EXPORT Result VixDiskLib_Close(void *handle) {
  struct Disk *disk = handle;
  note("Close");
  close(disk->file);
  free(disk);
  return DONE;
}
EXPORT const char *VixDiskLib_GetTransportMode(void *handle) { return ((struct Disk *)handle)->connection->transport; }
EXPORT Result VixDiskLib_GetInfo(void *handle, struct Info **info) {
  struct Disk *disk = handle;
  struct Info *made = calloc(1, sizeof *made);
  made->capacity = disk->sectors;
  made->adapter = 3;
  made->links = 1;
  made->bios.heads = made->physical.heads = 255;
  made->bios.sectors = made->physical.sectors = 63;
  made->bios.cylinders = made->physical.cylinders = disk->sectors / (255 * 63);
  made->logical = made->sector = SECTOR;
  made->uuid = strdup("60 00 c2 90 00 00 00 00-00 00 00 00 00 00 00 01");
  *info = made;
  return DONE;
}
EXPORT void VixDiskLib_FreeInfo(struct Info *info) {
  free(info->uuid);
  free(info);
}

static Result fill(struct Disk *disk, uint64_t from, uint64_t count, unsigned char *into) {
  const char *slow = getenv("VDDK_STANDIN_SLOW_MS");
  if (strikes("crash-at", from, count)) raise(SIGSEGV);
  if (strikes("hang-at", from, count))
    for (;;) pause();
  if (strikes("error-at", from, count)) return FAILED;
  if (slow) {
    long milliseconds = atol(slow);
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
  }
  size_t left = count * SECTOR;
  off_t at = from * SECTOR;
  while (left > 0) {
    ssize_t got = pread(disk->file, into, left, at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return FAILED;
    into += got;
    at += got;
    left -= got;
  }
  return DONE;
}
EXPORT Result VixDiskLib_Read(void *disk, uint64_t from, uint64_t count, unsigned char *into) {
  return fill(disk, from, count, into);
}
EXPORT Result VixDiskLib_ReadAsync(void *disk, uint64_t from, uint64_t count, unsigned char *into, Finished *finished,
                                   void *of) {
  finished(of, fill(disk, from, count, into));
  return UNDER_WAY;
}
EXPORT Result VixDiskLib_Wait(void *disk) { (void)disk; return DONE; }
EXPORT Result VixDiskLib_Flush(void *disk) { (void)disk; return DONE; }
EXPORT Result VixDiskLib_Write(void *disk, uint64_t from, uint64_t count, const unsigned char *data) {
  (void)disk; (void)from; (void)count; (void)data;
  return UNSUPPORTED;
}
EXPORT Result VixDiskLib_WriteAsync(void *disk, uint64_t from, uint64_t count, const unsigned char *data,
                                    Finished *finished, void *of) {
  (void)finished; (void)of;
  return VixDiskLib_Write(disk, from, count, data);
}
EXPORT Result VixDiskLib_Create(void *connection, const char *path, const void *params, void *progress, void *of) {
  (void)connection; (void)path; (void)params; (void)progress; (void)of;
  return UNSUPPORTED;
}

/* What the file system calls data, rounded out to whole chunks. */
EXPORT Result VixDiskLib_QueryAllocatedBlocks(void *handle, uint64_t start, uint64_t count, uint64_t chunk,
                                              struct Blocks **blocks) {
  struct Disk *disk = handle;
  const uint64_t end = start + count;
  uint32_t room = 64;
  struct Blocks *made = malloc(sizeof *made + room * sizeof(struct Block));
  made->count = 0;
  for (off_t at = start * SECTOR; at < (off_t)(end * SECTOR);) {
    off_t data = lseek(disk->file, at, SEEK_DATA);
    if (data < 0 || data >= (off_t)(end * SECTOR)) break;
    off_t hole = lseek(disk->file, data, SEEK_HOLE);
    if (hole < 0) break;
    uint64_t first = data / (off_t)(chunk * SECTOR) * chunk;
    uint64_t last = (hole + chunk * SECTOR - 1) / (chunk * SECTOR) * chunk;
    if (first < start) first = start;
    if (last > end) last = end;
    struct Block *before = made->count > 0 ? &made->block[made->count - 1] : NULL;
    if (before && before->offset + before->length >= first) before->length = last - before->offset;
    else {
      if (made->count == room) {
        room *= 2;
        made = realloc(made, sizeof *made + room * sizeof(struct Block));
      }
      made->block[made->count].offset = first;
      made->block[made->count].length = last - first;
      made->count++;
    }
    at = hole;
  }
  *blocks = made;
  return DONE;
}
EXPORT Result VixDiskLib_FreeBlockList(struct Blocks *blocks) {
  free(blocks);
  return DONE;
}
