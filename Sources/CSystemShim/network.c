#define _GNU_SOURCE
#include "xsys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int xsys_free_port(void) {
    int socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return -errno;
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    int result = bind(socket_, (struct sockaddr *)&address, sizeof address) < 0
                         || getsockname(socket_, (struct sockaddr *)&address, &size) < 0
                     ? -errno
                     : ntohs(address.sin_port);
    close(socket_);
    return result;
}

int xsys_connect(int port, int milliseconds) {
    int socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket_ < 0) return -errno;
    struct sockaddr_in address = loopback(port);
    int failure = 0;
    if (connect(socket_, (struct sockaddr *)&address, sizeof address) < 0) {
        failure = errno;
        if (failure == EINPROGRESS) {
            struct pollfd polled = {.fd = socket_, .events = POLLOUT};
            socklen_t size = sizeof failure;
            if (poll(&polled, 1, milliseconds) <= 0) failure = ETIMEDOUT;
            else getsockopt(socket_, SOL_SOCKET, SO_ERROR, &failure, &size);
        }
    }
    if (failure) {
        close(socket_);
        return -failure;
    }
    fcntl(socket_, F_SETFL, 0);
    struct timeval limit = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return socket_;
}
