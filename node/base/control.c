/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static const char ready[] = "ready";

int
control_pair(int fd[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0)
		return -1;
	if (fcntl(fd[0], F_SETOWN, getpid()) == 0 && fcntl(fd[0], F_SETFL, O_ASYNC) == 0)
		return 0;
	(void)close(fd[0]);
	(void)close(fd[1]);
	return -1;
}

int
control_give(int control, const char *role, int fd)
{
	union { struct cmsghdr head; char space[CMSG_SPACE(sizeof(int))]; } c = {
	    .head = { .cmsg_len = CMSG_LEN(sizeof(fd)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec text = { (void *)role, strlen(role) };
	struct msghdr m = { .msg_iov = &text, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };

	memcpy(CMSG_DATA(&c.head), &fd, sizeof(fd));
	return sendmsg(control, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int
control_take(int control, char role[CONTROL_ROLE], int *ret_fd)
{
	union { struct cmsghdr head; char space[CMSG_SPACE(sizeof(int))]; } c;
	struct iovec text = { role, CONTROL_ROLE - 1 };
	struct msghdr m = { .msg_iov = &text, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	const struct cmsghdr *head;
	ssize_t got;

	memset(role, 0, CONTROL_ROLE);
	if ((got = recvmsg(control, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT)) <= 0)
		return got < 0 && (errno == EAGAIN || errno == EINTR) ? E_LATER : E_NOTFOUND;
	head = CMSG_FIRSTHDR(&m);
	if (head == NULL || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int)))
		return E_LATER;
	memcpy(ret_fd, CMSG_DATA(head), sizeof(*ret_fd));
	return 0;
}

void
control_ready(int control)
{
	(void)send(control, ready, strlen(ready), MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool
control_heard(int control)
{
	char text[CONTROL_ROLE];
	ssize_t got = recv(control, text, sizeof(text), MSG_DONTWAIT);

	return got == (ssize_t)strlen(ready) && memcmp(text, ready, strlen(ready)) == 0;
}
