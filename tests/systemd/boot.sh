#!/usr/bin/env bash
# Boots this machine's own Debian a second time: `boot.sh NAME FOLDER`, as root. A real systemd as PID 1 in namespaces of
# its own, over a copy-on-write view of /. What it changes lies in memory and is gone when it ends; FOLDER is its /srv.
# DRIFTWATCH_TEST_ROOT names another tree than /: one that debootstrap made, to follow the pages on a bare Debian.
set -euo pipefail
name=$1 folder=$2

if [ "${3:-}" != inside ]; then
    # A cgroup of its own in each hierarchy; the cgroup namespace makes them the roots the machine sees.
    grep -oE '^cgroup2? \S+' /proc/mounts | cut -d' ' -f2 | while read -r tree; do
        mkdir "$tree/$name"
        for file in cpuset.cpus cpuset.mems; do
            if [ -e "$tree/$name/$file" ]; then cat "$tree/$file" > "$tree/$name/$file"; fi
        done
        echo $$ > "$tree/$name/cgroup.procs"
    done
    exec unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child bash "$0" "$name" "$folder" inside
fi

mount --make-rprivate /
mkdir -p "$folder/disk" "$folder/srv"
mount -t tmpfs -o mode=755,size=6g tmpfs "$folder/disk"
mkdir "$folder"/disk/{upper,work,root}
root=$folder/disk/root
mount -t overlay -o "lowerdir=${DRIFTWATCH_TEST_ROOT:-/},upperdir=$folder/disk/upper,workdir=$folder/disk/work" overlay "$root"
mount --bind "$folder/srv" "$root/srv"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
# The hierarchies that this machine has, v1, v2 or both.
while read -r _ at kind options _; do
    own=$(tr , '\n' <<< "$options" | grep -vE '^(rw|ro|relatime|nosuid|nodev|noexec|nsdelegate|memory_.*)$' | paste -sd,) || true
    case $kind in
        tmpfs) mount -t tmpfs -o mode=755 tmpfs "$root$at" ;;
        cgroup | cgroup2)
            mkdir -p "$root$at"
            mount -t "$kind" ${own:+-o "$own"} "$kind" "$root$at"
            ;;
        *) ;;
    esac
done < <(grep -E '^\S+ /sys/fs/cgroup' /proc/mounts)
ip link set lo up
hostname "$name"

cd "$root"
pivot_root . mnt
umount -l /mnt
# systemd hands credentials to a unit by a mount that must propagate; in a container it leaves that to whoever made it.
mount --make-rshared /
# What a machine of its own has and this one has not: hardware, seats; and what this tree may have enabled beside.
for unit in systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-logind.service; do
    ln -sf /dev/null "/etc/systemd/system/$unit"
done
rm -f /etc/systemd/system/driftwatch* /etc/machine-id
rm -rf /opt/driftwatch /etc/driftwatch /var/log/journal
systemd-machine-id-setup > /dev/null 2>&1
echo "$name" > /etc/hostname
exec env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=basic.target --show-status=no --log-target=journal --log-level=info
