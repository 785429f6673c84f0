/* SPDX-License-Identifier: ISC
 *
 * log.c - one line per thing, whatever a stranger puts in it, and for whom it waits.
 */
#include "tests.h"

#include "base/buf.h"
#include "base/fsys.h"
#include "base/log.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is in the file, behind the stamp of its first line. */
static char *
logged(int fd)
{
	struct err err;
	char *text = mem_alloc(1 << 16);
	ssize_t n = fsys_read_at(fd, text, (1 << 16) - 1, 0, "log", &err);
	char *start, *rest;

	CU_ASSERT_FATAL(n >= 0);
	start = strstr(text, " host ");
	rest = mem_strdup(start == NULL ? "" : start + 1);
	mem_free(text);
	return rest;
}

static void
check_line(const char *want, const char *level, const char *text)
{
	int fd = scratch_file();
	char *got, *line;

	log_open("postrider/test", "host", fd, false);
	if (strcmp(level, "warn") == 0)
		log_warn("%s", text);
	else if (strcmp(level, "error") == 0)
		log_error("%s", text);
	else
		log_info("%s", text);
	log_flush();
	got = logged(fd);
	line = mem_printf("host postrider/test[%d]: %s\n", (int)getpid(),
	    want);
	CU_ASSERT_STRING_EQUAL(got, line);
	mem_free(got);
	mem_free(line);
	log_open("postrider/test", "host", STDERR_FILENO, false);
	close(fd);
}

static void
a_line_has_its_program_and_its_level(void)
{
	check_line("to=<a@b>, status=sent", "info", "to=<a@b>, status=sent");
	check_line("warning: disk", "warn", "disk");
	check_line("error: disk", "error", "disk");
}

static void
control_bytes_are_written_so_that_no_line_can_be_forged(void)
{
	check_line("a\\x0ab\\x0d\\x0aNov 24 fake", "info",
	    "a\nb\r\nNov 24 fake");
	check_line("\\x1b[2J\\x7f\\x01", "info", "\x1b[2J\x7f\x01");
	check_line("caf\xc3\xa9 100%s", "info", "caf\xc3\xa9 100%s");
	check_line("\\xc2\\x9b2J \\xe9 \\xe2\\x80\\xae", "info",
	    "\xc2\x9b""2J \xe9 \xe2\x80\xae");
}

static void
a_huge_text_is_cut_and_stays_one_line(void)
{
	char huge[20000];
	int fd = scratch_file();
	char *got;

	memset(huge, '\n', sizeof huge - 1);
	huge[sizeof huge - 1] = '\0';
	log_open("postrider/test", "host", fd, false);
	log_info("%s", huge);
	log_info("next");
	log_flush();
	got = logged(fd);
	CU_ASSERT_PTR_NOT_NULL_FATAL(strchr(got, '\n'));
	CU_ASSERT_PTR_NOT_NULL(strstr(strchr(got, '\n'), ": next\n"));
	CU_ASSERT_TRUE(strlen(got) > 4 * 4000);
	mem_free(got);
	log_open("postrider/test", "host", STDERR_FILENO, false);
	close(fd);
}

/* A pipe that is full refuses; what was dropped is told afterwards. */
static void
lines_that_could_not_be_written_are_counted_and_told(void)
{
	char text[4000], drain[8192], *told = NULL;
	struct buf all;
	int ends[2];
	ssize_t n;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_NONBLOCK), 0);
	log_open("postrider/test", "host", ends[1], false);
	for (int i = 0; i < 1000; i++)
		log_info("%s", text);
	buf_init(&all, 16 << 20);
	for (int quiet = 0; quiet < 2; quiet++) {
		while ((n = read(ends[0], drain, sizeof drain)) > 0) {
			buf_append(&all, drain, (size_t)n);
			quiet = 0;
		}
		log_flush();
	}
	buf_append_byte(&all, '\0');
	told = strstr((char *)all.data, "warning: the log could not be "
	    "written: ");
	CU_ASSERT_PTR_NOT_NULL(told);
	CU_ASSERT_TRUE(buf_length(&all) < 3 << 20);
	buf_fini(&all);
	log_open("postrider/test", "host", STDERR_FILENO, false);
	close(ends[0]);
	close(ends[1]);
}

static void
syslog_gets_facility_and_severity_and_no_control_bytes(void)
{
	char packet[8192], *want;
	int ends[2];
	ssize_t n;

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	log_open("postrider/test", "host", ends[1], true);
	log_warn("a\nb");
	log_flush();
	n = recv(ends[0], packet, sizeof packet - 1, MSG_DONTWAIT);
	CU_ASSERT_FATAL(n > 0);
	packet[n] = '\0';
	CU_ASSERT_EQUAL(strncmp(packet, "<20>", 4), 0);
	want = mem_printf(" postrider/test[%d]: warning: a\\x0ab",
	    (int)getpid());
	CU_ASSERT_PTR_NOT_NULL(strstr(packet, want));
	CU_ASSERT_PTR_NULL(strchr(packet, '\n'));
	mem_free(want);
	log_open("postrider/test", "host", STDERR_FILENO, false);
	close(ends[0]);
	close(ends[1]);
}

/* ---- a syslog daemon with a life of its own --------------------------------- */

static struct {
	int ends[2], lost;
} office;

static void
count_loss(void *owner)
{
	(*(int *)owner)++;
}

static void
office_open(void)
{
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_DGRAM, 0,
	    office.ends), 0);
	log_open("postrider/test", "host", office.ends[1], true);
}

static void
office_close(void)
{
	log_open("postrider/test", "host", STDERR_FILENO, false);
	log_on_lost(NULL, NULL);
	close(office.ends[0]);
	close(office.ends[1]);
}

/* The number at the end of the next line; -1: there is none; -2: it is about
 * lost ones, whose number is added to *LOST. */
static int
office_read(unsigned long *lost)
{
	char packet[8192];
	const char *at;
	ssize_t n = recv(office.ends[0], packet, sizeof packet - 1,
	    MSG_DONTWAIT);

	if (n <= 0)
		return -1;
	packet[n] = '\0';
	CU_ASSERT_EQUAL(packet[0], '<');
	at = strstr(packet, "could not be written: ");
	if (at != NULL) {
		*lost += strtoul(strchr(at, ':') + 1, NULL, 10);
		return -2;
	}
	at = strstr(packet, " line ");
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	return atoi(at + 6);
}

static void
lines_wait_for_a_slow_syslog_daemon_in_their_order(void)
{
	enum { LINES = 5000 };
	unsigned long lost = 0;
	int next = 0, number;

	office_open();
	for (int i = 0; i < LINES; i++)
		log_info("line %d", i);
	CU_ASSERT_TRUE(log_pause() >= 1 && log_pause() < 200);
	while (next < LINES) {
		log_flush();
		number = office_read(&lost);
		CU_ASSERT_EQUAL_FATAL(number, next);
		next++;
	}
	log_flush();
	CU_ASSERT_EQUAL(office_read(&lost), -1);
	CU_ASSERT_EQUAL(log_pause(), MSEC_NEVER);
	CU_ASSERT_FALSE(log_is_lost());
	office_close();
}

static void
a_flush_sends_some_and_comes_back_for_more(void)
{
	unsigned long none = 0;
	int big = 1 << 20, first = 0, all = 0;

	office_open();
	(void)setsockopt(office.ends[1], SOL_SOCKET, SO_SNDBUF, &big,
	    sizeof big);
	for (int i = 0; i < 300; i++)
		log_info("line %d", i);
	log_flush();
	CU_ASSERT_EQUAL(log_pause(), 1);
	while (office_read(&none) == first)
		first++;
	log_flush();
	for (all = first; office_read(&none) == all;)
		all++;
	CU_ASSERT_EQUAL(first, 256);
	CU_ASSERT_EQUAL(all, 300);
	CU_ASSERT_EQUAL(log_pause(), MSEC_NEVER);
	office_close();
}

static void
lines_wait_for_a_syslog_daemon_that_has_gone(void)
{
	unsigned long none = 0;

	office_open();
	office.lost = 0;
	log_on_lost(count_loss, &office.lost);
	close(office.ends[0]);
	log_info("line 0");
	log_flush();
	log_info("line 1");
	log_flush();
	CU_ASSERT_TRUE(log_is_lost());
	CU_ASSERT_EQUAL(office.lost, 1);
	CU_ASSERT_EQUAL(log_pause(), MSEC_NEVER);
	close(office.ends[1]);
	office_open();
	CU_ASSERT_FALSE(log_is_lost());
	log_flush();
	CU_ASSERT_EQUAL(office_read(&none), 0);
	CU_ASSERT_EQUAL(office_read(&none), 1);
	CU_ASSERT_EQUAL(office_read(&none), -1);
	office_close();
}

static void
what_is_too_much_is_told_in_one_line_that_counts(void)
{
	enum { LINES = 30000 };
	unsigned long lost = 0;
	unsigned read = 0, told = 0;
	msec_t until = clock_mono() + 10000;
	int number;

	office_open();
	for (int i = 0; i < LINES; i++)
		log_info("line %d", i);
	for (; log_pause() != MSEC_NEVER && clock_mono() < until;
	    log_flush())
		while ((number = office_read(&lost)) != -1) {
			read += number >= 0;
			told += number == -2;
		}
	while ((number = office_read(&lost)) != -1)
		told += number == -2;
	CU_ASSERT_EQUAL(read + lost, LINES);
	CU_ASSERT_TRUE(lost > 0);
	CU_ASSERT_EQUAL(told, 1);
	office_close();
}

static void
lines_that_wait_go_to_another_sort_of_log_in_its_form(void)
{
	int fd = scratch_file();
	char packet[512], *got;
	ssize_t n;

	office_open();
	close(office.ends[0]);
	log_warn("line 7");
	log_flush();
	log_open("postrider/test", "host", fd, false);
	log_flush();
	got = logged(fd);
	CU_ASSERT_PTR_NOT_NULL(strstr(got, "host postrider/test["));
	CU_ASSERT_PTR_NOT_NULL(strstr(got, "]: warning: line 7\n"));
	CU_ASSERT_PTR_NULL(strchr(got, '<'));
	mem_free(got);
	close(office.ends[1]);
	log_error("line 8");
	office_open();
	log_flush();
	n = recv(office.ends[0], packet, sizeof packet - 1, MSG_DONTWAIT);
	CU_ASSERT_FATAL(n > 0);
	packet[n] = '\0';
	CU_ASSERT_EQUAL(strncmp(packet, "<19>", 4), 0);
	CU_ASSERT_EQUAL(strncmp(packet + 20, "postrider/test[", 15), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(packet, "]: error: line 8"));
	close(fd);
	office_close();
}

const struct unit_test log_tests[] = {
	UNIT(a_line_has_its_program_and_its_level),
	UNIT(control_bytes_are_written_so_that_no_line_can_be_forged),
	UNIT(a_huge_text_is_cut_and_stays_one_line),
	UNIT(lines_that_could_not_be_written_are_counted_and_told),
	UNIT(syslog_gets_facility_and_severity_and_no_control_bytes),
	UNIT(lines_wait_for_a_slow_syslog_daemon_in_their_order),
	UNIT(a_flush_sends_some_and_comes_back_for_more),
	UNIT(lines_wait_for_a_syslog_daemon_that_has_gone),
	UNIT(what_is_too_much_is_told_in_one_line_that_counts),
	UNIT(lines_that_wait_go_to_another_sort_of_log_in_its_form),
	UNIT_END
};
