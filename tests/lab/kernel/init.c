// SPDX-License-Identifier: BSD-3-Clause
/*
 * init of the lab's guests: mounts, runs one command, writes down its exit status, powers off.
 *
 * The guest's root is the host's root, read-only, under a tmpfs overlay: whatever is written is gone afterwards.
 * On the kernel's command line:
 *   labrun=DIR  a folder of the host, seen and writable as /run/host: "start" is the bash script to run, "rc" receives its exit
 *               status, and each line of "rw" names a further folder of the host that stays writable
 *   labcon=TTY  the console that the script's output goes to (/dev/tty1 if not given)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define ROOT "/mnt/root"

static char run_folder[512];
static char console[64] = "/dev/tty1";

static void complain(const char *what, const char *where)
{
	fprintf(stderr, "init: %s %s: %s\n", what, where, strerror(errno));
}

static void mount_on(const char *target, const char *type, unsigned long flags, const char *options)
{
	if (mount(type, target, type, flags, options))
		complain("mount", target);
}

static void make_folder(const char *path, mode_t mode)
{
	if (mkdir(path, mode) && errno != EEXIST)
		complain("mkdir", path);
}

static void make_link(const char *target, const char *path)
{
	if (symlink(target, path) && errno != EEXIST)
		complain("symlink", path);
}

/* Copies the value of key (which ends in '=') from the kernel's command line, if it is there. */
static void read_word(const char *line, const char *key, char *value, size_t size)
{
	const char *found = strstr(line, key);

	if (found) {
		found += strlen(key);
		snprintf(value, size, "%.*s", (int)strcspn(found, " \n"), found);
	}
}

static void read_command_line(void)
{
	char line[4096] = "";
	FILE *file = fopen("/proc/cmdline", "r");

	if (!file || !fgets(line, sizeof line, file))
		complain("read", "/proc/cmdline");
	if (file)
		fclose(file);
	read_word(line, "labrun=", run_folder, sizeof run_folder);
	read_word(line, "labcon=", console, sizeof console);
}

static void mount_root(void)
{
	mount_on("/mnt", "tmpfs", 0, "mode=755");
	make_folder("/mnt/upper", 0755);
	make_folder("/mnt/work", 0755);
	make_folder("/mnt/lower", 0755);
	make_folder(ROOT, 0755);
	mount_on("/mnt/lower", "hostfs", MS_RDONLY, "/");
	mount_on(ROOT, "overlay", 0, "lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work");
}

static void mount_system(void)
{
	mount_on(ROOT "/proc", "proc", 0, NULL);
	mount_on(ROOT "/sys", "sysfs", 0, NULL);
	mount_on(ROOT "/sys/kernel/config", "configfs", 0, NULL);
	mount_on(ROOT "/sys/kernel/debug", "debugfs", 0, NULL);
	mount_on(ROOT "/dev", "devtmpfs", 0, NULL);
	make_folder(ROOT "/dev/pts", 0755);
	mount_on(ROOT "/dev/pts", "devpts", 0, "gid=5,mode=620,ptmxmode=666");
	make_folder(ROOT "/dev/shm", 0777);
	mount_on(ROOT "/dev/shm", "tmpfs", 0, "mode=1777");
	make_link("/proc/self/fd", ROOT "/dev/fd");
	make_link("/proc/self/fd/0", ROOT "/dev/stdin");
	make_link("/proc/self/fd/1", ROOT "/dev/stdout");
	make_link("/proc/self/fd/2", ROOT "/dev/stderr");
	mount_on(ROOT "/run", "tmpfs", 0, "mode=755");
	make_folder(ROOT "/run/lock", 01777);
	make_folder(ROOT "/run/host", 0755);
}

static void mount_writable_folders(void)
{
	char folder[1024], target[1100];
	FILE *list;

	mount_on(ROOT "/run/host", "hostfs", 0, run_folder);
	list = fopen(ROOT "/run/host/rw", "r");
	if (!list)
		return;
	while (fgets(folder, sizeof folder, list)) {
		folder[strcspn(folder, "\n")] = 0;
		snprintf(target, sizeof target, ROOT "%s", folder);
		if (*folder)
			mount_on(target, "hostfs", 0, folder);
	}
	fclose(list);
}

static void bring_up_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request))
		complain("bring up", "lo");
	if (fd >= 0)
		close(fd);
}

/* The script's bytes must reach the host as they are: no newline translation, no echo. */
static void make_raw(int fd)
{
	struct termios settings;

	if (tcgetattr(fd, &settings))
		return;
	settings.c_oflag &= ~OPOST;
	settings.c_lflag &= ~ECHO;
	tcsetattr(fd, TCSANOW, &settings);
}

static void run_script(void)
{
	int in, out;

	if (chroot(ROOT) || chdir("/"))
		_exit(126);
	setsid();
	in = open("/dev/null", O_RDONLY);
	out = open(console, O_RDWR | O_NOCTTY);
	make_raw(out);
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	execl("/bin/bash", "bash", "/run/host/start", (char *)NULL);
	_exit(127);
}

static void write_status(int status)
{
	FILE *file = fopen(ROOT "/run/host/rc", "w");

	if (!file) {
		complain("write", "rc");
		return;
	}
	fprintf(file, "%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	fclose(file);
}

int main(void)
{
	int status = 0;
	pid_t pid;

	mount_on("/proc", "proc", 0, NULL);
	read_command_line();
	mount_root();
	mount_system();
	mount_writable_folders();
	bring_up_loopback();
	if (sethostname("wpslab", 6))
		complain("name", "the host");
	pid = fork();
	if (!pid)
		run_script();
	while (wait(&status) != pid)
		;
	write_status(status);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
