/* SPDX-License-Identifier: Apache-2.0 */
/* Files and sockets from within a sandbox; what it makes of processes: test_sandbox_process.c. */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "deed.h"

/* What the deeds work on, made before the sandbox. */
static char top[] = "/tmp/test_sandbox.XXXXXX";
static char inside[64], outside[64], inside_file[80], outside_file[80], outside_socket[80];
static int allowed_port, other_port, unix_fd = -1, inet_fd = -1, fast_fd = -1, listen_fd = -1, pass_fd[2];

/*
 * Files.
 */

static int
open_close(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	(void)close(fd);
	return 0;
}

static int	read_inside(void) { return open_close(inside_file, O_RDONLY); }
static int	write_inside(void) { return open_close(inside_file, O_WRONLY | O_TRUNC); }
static int	read_outside(void) { return open_close(outside_file, O_RDONLY); }
static int	write_outside(void) { return open_close(outside_file, O_WRONLY); }
static int	read_memory(void) { return open_close("/proc/self/mem", O_RDWR); }
static int	read_passwords(void) { return open_close("/etc/shadow", O_RDONLY); }
static int	list_root(void) { DIR *d = opendir("/"); return d == NULL ? errno : closedir(d); }

static int
create_inside(void)
{
	char path[100];
	int r;

	snprintf(path, sizeof(path), "%s/new", inside);
	r = open_close(path, O_CREAT | O_EXCL | O_RDWR);
	return r != 0 ? r : answer(unlink(path));
}

static int
create_outside(void)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/new", outside);
	return open_close(path, O_CREAT | O_EXCL | O_RDWR);
}

/* What a database does with its files. */
static int
keep_a_database(void)
{
	char a[100], b[100], dir[100];
	struct flock lock = { .l_type = F_WRLCK, .l_len = 1 };
	struct stat st;
	void *map;
	int fd;

	snprintf(a, sizeof(a), "%s/db", inside);
	snprintf(b, sizeof(b), "%s/db2", inside);
	snprintf(dir, sizeof(dir), "%s/dir", inside);
	fd = open(a, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 || fcntl(fd, F_SETLK, &lock) != 0 || ftruncate(fd, 4096) != 0 || pwrite(fd, "x", 1, 9) != 1 ||
	    fsync(fd) != 0 || fdatasync(fd) != 0 || fchmod(fd, 0400) != 0 || fstat(fd, &st) != 0)
		return errno;
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || munmap(map, 4096) != 0 || close(fd) != 0)
		return errno;
	return rename(a, b) || unlink(b) || mkdir(dir, 0700) || rmdir(dir) ? errno : 0;
}

/* Even root has no capability left. */
static int
give_away(void)
{
	int fd = open(inside_file, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? errno : answer(fchown(fd, 12345, 12345));
}

static int
move_outside(void)
{
	char to[100];

	snprintf(to, sizeof(to), "%s/stolen", outside);
	return answer(rename(inside_file, to));
}

/*
 * Sockets.
 */

static int
make_socket(int domain)
{
	int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	(void)close(fd);
	return 0;
}

static int	socket_unix(void) { return make_socket(AF_UNIX); }
static int	socket_inet(void) { return make_socket(AF_INET); }
static int	socket_inet6(void) { return make_socket(AF_INET6) == EAFNOSUPPORT ? 0 : make_socket(AF_INET6); }
static int	socket_inet6_refused(void) { return make_socket(AF_INET6); }
static int	socket_netlink(void) { return make_socket(AF_NETLINK); }
static int	socket_packet(void) { return make_socket(AF_PACKET); }
static int	pair_stream(void) { int fd[2]; return answer(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd)); }
static int	pair_datagram(void) { int fd[2]; return answer(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd)); }

static int
connect_port(int fd, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return answer(connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

static int	connect_allowed(void) { return connect_port(socket(AF_INET, SOCK_STREAM, 0), allowed_port); }
static int	connect_other(void) { return connect_port(socket(AF_INET, SOCK_STREAM, 0), other_port); }
static int	connect_held_inet(void) { return connect_port(inet_fd, allowed_port); }
static int	listen_held(void) { return answer(listen(inet_fd, 1)); }

static int
connect_held_unix(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	strcpy(to.sun_path, outside_socket);
	return answer(connect(unix_fd, (struct sockaddr *)&to, sizeof(to)));
}

/* Ways to a port that Landlock does not guard. */

static int
make_of(int type, int protocol)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, protocol);

	return fd < 0 ? errno : close(fd);
}

static int	socket_udp(void) { return make_of(SOCK_DGRAM, IPPROTO_UDP); }
static int	socket_mptcp(void) { return make_of(SOCK_STREAM, IPPROTO_MPTCP); }
static int	socket_sctp(void) { return make_of(SOCK_STREAM, IPPROTO_SCTP); }
static int	socket_packets(void) { return make_of(SOCK_SEQPACKET, 0); }
static int	socket_raw(void) { return make_of(SOCK_RAW, IPPROTO_UDP); }
static int	socket_ping(void) { return make_of(SOCK_DGRAM, IPPROTO_ICMP); }

/* The flag connects and sends in one call: by sendto, sendmsg (1) or sendmmsg (2). */
static int
send_fast(int call)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)other_port) };
	struct iovec text = { (char[]){ "x" }, 1 };
	struct mmsghdr m = { .msg_hdr = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &text, .msg_iovlen = 1 } };
	int fd = fast_fd;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (call == 0)
		return answer(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof(to)));
	return answer(call == 1 ? sendmsg(fd, &m.msg_hdr, MSG_FASTOPEN) : sendmmsg(fd, &m, 1, MSG_FASTOPEN));
}

static int	send_fast_to(void) { return send_fast(0); }
static int	send_fast_message(void) { return send_fast(1); }
static int	send_fast_messages(void) { return send_fast(2); }

static int
bind_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };

	return answer(bind(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&at, sizeof(at)));
}

static int
accept_held(void)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

	return fd < 0 && errno != EAGAIN ? errno : 0;
}

static int
receive_descriptor(void)
{
	union { struct cmsghdr head; char space[CMSG_SPACE(sizeof(int))]; } control;
	char text[16];
	struct iovec iov = { text, sizeof(text) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
	    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(pass_fd[0], &m, MSG_CMSG_CLOEXEC);

	if (n != 6 || CMSG_FIRSTHDR(&m) == NULL || CMSG_FIRSTHDR(&m)->cmsg_type != SCM_RIGHTS)
		return n < 0 ? errno : EPROTO;
	return 0;
}

static int	own_by_parent(void) { return answer(fcntl(unix_fd, F_SETOWN, getppid())); }
static int	signal_of_choice(void) { return answer(fcntl(inet_fd, F_SETSIG, SIGKILL)); }
static int	set_nonblocking(void) { return answer(fcntl(inet_fd, F_SETFL, fcntl(inet_fd, F_GETFL) | O_NONBLOCK)); }

static const struct deed deeds[] = {
	D(read_inside, 0, 0),
	D(write_inside, 0, EACCES),
	D(create_inside, 0, EACCES),
	D(keep_a_database, 0, EACCES),
	D(read_outside, EACCES, EACCES),
	D(write_outside, EACCES, EACCES),
	D(create_outside, EACCES, EACCES),
	D(give_away, EPERM, ENOSYS),
	D(move_outside, EACCES, ENOSYS),
	D(read_memory, EACCES, EACCES),
	D(read_passwords, EACCES, EACCES),
	D(list_root, EACCES, EACCES),
	D(socket_unix, EACCES, EACCES),
	D(socket_inet, EACCES, 0),
	D(socket_netlink, EACCES, EACCES),
	D(socket_packet, EACCES, EACCES),
	D(socket_udp, EACCES, 0),
	D(socket_mptcp, EACCES, EACCES),
	D(socket_sctp, EACCES, EACCES),
	D(socket_packets, EACCES, EACCES),
	D(socket_raw, EACCES, EACCES),
	D(socket_ping, EACCES, EACCES),
	D(pair_stream, EACCES, 0),
	D(pair_datagram, EACCES, EACCES),
	D(connect_held_inet, EACCES, 0),
	D(listen_held, EACCES, EACCES),
	D(accept_held, 0, EACCES),
	D(bind_port, EACCES, EACCES),
	D(connect_allowed, EACCES, 0),
	D(connect_other, EACCES, EACCES),
	D(send_fast_to, EPERM, EPERM),
	D(send_fast_message, EPERM, EPERM),
	D(send_fast_messages, ENOSYS, EPERM),
	D(own_by_parent, EPERM, EPERM),
	D(signal_of_choice, EPERM, EPERM),
	D(set_nonblocking, 0, 0),
};

static int
listener(int *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) != 0 || listen(fd, 5) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) != 0)
		exit(1);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void
write_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, "secret", 6) != 6 || close(fd) != 0)
		exit(1);
}

static void
set_up(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (mkdtemp(top) == NULL)
		exit(1);
	snprintf(inside, sizeof(inside), "%s/in", top);
	snprintf(outside, sizeof(outside), "%s/out", top);
	snprintf(inside_file, sizeof(inside_file), "%s/file", inside);
	snprintf(outside_file, sizeof(outside_file), "%s/file", outside);
	snprintf(outside_socket, sizeof(outside_socket), "%s/socket", outside);
	if (mkdir(inside, 0700) != 0 || mkdir(outside, 0700) != 0)
		exit(1);
	write_file(inside_file);
	write_file(outside_file);

	deed_directory = inside;
	deed_file = inside_file;
	(void)listener(&allowed_port);
	deed_port = allowed_port;
	(void)listener(&other_port);
	listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	strcpy(at.sun_path, outside_socket);
	if (bind(listen_fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(listen_fd, 5) != 0)
		exit(1);
	unix_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	inet_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fast_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pass_fd) != 0)
		exit(1);
}

static void
send_descriptor(void)
{
	union { struct cmsghdr head; char space[CMSG_SPACE(sizeof(int))]; } control = { 0 };
	struct iovec iov = { (char[]){ "matrix" }, 6 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
	    .msg_controllen = sizeof(control) };

	control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
	    .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.head), &inet_fd, sizeof(int));
	if (sendmsg(pass_fd[1], &m, 0) != 6)
		exit(1);
}

static void
tear_down(void)
{
	(void)unlink(inside_file);
	(void)unlink(outside_file);
	(void)unlink(outside_socket);
	(void)rmdir(inside);
	(void)rmdir(outside);
	ok(rmdir(top) == 0, "nothing was left behind");
}

static void
test_deeds(void)
{
	deed_run_all(deeds, nelem(deeds));
	is_int(deed_run(SANDBOX_BRIDGE, socket_inet6), 0, "bridge: socket_inet6");
	is_int(deed_run(SANDBOX_NODE, socket_inet6_refused), EACCES, "node: socket_inet6");
	is_int(deed_run(SANDBOX_NODE, connect_held_unix), EACCES, "node: a socket that it holds is not connected");
	send_descriptor();
	is_int(deed_run(SANDBOX_NODE, receive_descriptor), 0, "node: a descriptor is received");
}

int
main(void)
{
	set_up();
	test_deeds();
	tear_down();
	return done_testing();
}
