/*
 * The least that a process can do: one write() of the same bytes for each client and tick.
 * It reads calls from its standard input and answers on its standard output, one line of JSON each, like the other arms.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CLIENTS 16384
#define MAX_TICK_BYTES (1 << 20)

static int clients[MAX_CLIENTS];
static int client_count;
static int listener;
static long long bytes_written;
static long sequence;

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static long number_of(const char *line, const char *name) {
  char key[64];
  snprintf(key, sizeof key, "\"%s\":", name);
  const char *found = strstr(line, key);
  return found ? strtol(found + strlen(key), NULL, 10) : 0;
}

static void accept_clients(void) {
  int client;
  while (client_count < MAX_CLIENTS && (client = accept(listener, NULL, NULL)) >= 0) {
    int yes = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    clients[client_count++] = client;
  }
}

/** Waits until `until_ms` and accepts clients meanwhile. */
static void wait_until(double until_ms) {
  double left;
  while ((left = until_ms - now_ms()) > 0) {
    struct timespec time = {(time_t)(left / 1e3), (long)((left - (long)(left / 1e3) * 1e3) * 1e6)};
    nanosleep(&time, NULL);
  }
}

static size_t frame_of(char *out, double due_at, long text_length) {
  static char text[MAX_TICK_BYTES];
  int head = snprintf(text, sizeof text, "{\"event\":\"event\",\"data\":{\"sequence\":%ld,\"sentAt\":%.6f,\"text\":\"",
                      ++sequence, due_at);
  memset(text + head, 'x', text_length);
  size_t length = head + text_length;
  memcpy(text + length, "\"}}", 3);
  length += 3;
  size_t start = 2;
  out[0] = (char)0x81;
  if (length < 126) {
    out[1] = (char)length;
  } else {
    out[1] = 126;
    out[2] = (char)(length >> 8);
    out[3] = (char)(length & 0xff);
    start = 4;
  }
  memcpy(out + start, text, length);
  return start + length;
}

/** The sockets block, so that each client gets every byte. */
static void write_all(int client, const char *data, size_t length) {
  while (length > 0) {
    ssize_t written = write(client, data, length);
    if (written < 0) {
      if (errno == EINTR) continue;
      return;
    }
    bytes_written += written;
    data += written;
    length -= written;
  }
}

static void burst(const char *line) {
  static char data[MAX_TICK_BYTES];
  long ticks = number_of(line, "ticks");
  long per_tick = number_of(line, "perTick");
  long interval = number_of(line, "intervalMs");
  long text_length = number_of(line, "textLength");
  double began = now_ms();
  for (long tick = 0; tick < ticks; tick++) {
    double due_at = began + tick * interval;
    wait_until(due_at);
    size_t length = 0;
    for (long one = 0; one < per_tick; one++) length += frame_of(data + length, due_at, text_length);
    for (int client = 0; client < client_count; client++) write_all(clients[client], data, length);
  }
}

static void answer(const char *line, int port) {
  long id = number_of(line, "id");
  accept_clients();
  if (strstr(line, "\"name\":\"port\"")) {
    printf("{\"id\":%ld,\"result\":%d}\n", id, port);
  } else if (strstr(line, "\"name\":\"publishEvents\"")) {
    burst(line);
    printf("{\"id\":%ld,\"result\":{\"messages\":%ld}}\n", id, number_of(line, "ticks") * number_of(line, "perTick"));
  } else if (strstr(line, "\"name\":\"usage\"")) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"id\":%ld,\"result\":{\"user\":%lld,\"system\":%lld,\"bytesWritten\":%lld}}\n", id,
           usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec,
           usage.ru_stime.tv_sec * 1000000LL + usage.ru_stime.tv_usec, bytes_written);
  } else {
    printf("{\"id\":%ld,\"error\":\"The loop in C only sends events.\"}\n", id);
  }
  fflush(stdout);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 4096)) return 1;
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("{\"id\":0}\n");
  fflush(stdout);
  char *line = NULL;
  size_t capacity = 0;
  while (getline(&line, &capacity, stdin) >= 0) answer(line, ntohs(address.sin_port));
  return 0;
}
