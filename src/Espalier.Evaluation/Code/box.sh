# Makes the place where a program runs and starts it there. Called in namespaces of its own for mounts, processes, network and
# messages: box.sh ROOT USER SECONDS MEMORY PROCESSES FILE FILES PATH... -- PROGRAM ARGUMENT...
# ROOT is an empty folder's name that the new root is mounted on, USER a user id that nobody has, or 0 where there is a namespace of
# users too; each PATH is there to be read, and nothing else of the disk is there at all.
set -e
root=$1 user=$2 seconds=$3 memory=$4 processes=$5 file=$6 files=$7
shift 7
mount --make-rprivate /
mount -t tmpfs -o size=1m,nr_inodes=4096,mode=755,nosuid,nodev box "$root"
cd "$root"
while [ "$1" != -- ]; do
    if [ -L "$1" ]; then
        mkdir -p ".${1%/*}"
        ln -s "$(readlink "$1")" ".$1"
    else
        if [ -d "$1" ]; then mkdir -p ".$1"; else mkdir -p ".${1%/*}"; : > ".$1"; fi
        mount --bind "$1" ".$1"
        case "$1" in /dev/*) ;; *) mount -o remount,bind,ro,nosuid,nodev ".$1" ;; esac
    fi
    shift
done
shift
mkdir -p tmp
mount -t tmpfs -o "size=$files,nr_inodes=4096,mode=1777,nosuid,nodev" files tmp
mount -o remount,ro,nosuid,nodev box "$root"
# Segments of shared memory lie outside of what a process may map; the namespace of messages is its own.
for limit in shmmax shmall shmmni; do { echo 0 > "/proc/sys/kernel/$limit"; } 2> /dev/null || true; done
# Where memory runs out all the same, the kernel ends this first.
echo 1000 > /proc/self/oom_score_adj
rights="--no-new-privs --bounding-set=-all --inh-caps=-all --ambient-caps=-all"
[ "$user" = 0 ] || rights="$rights --reuid=$user --regid=$user --clear-groups"
cd /
# A process in a chroot may make no namespace of users; and this shell, the first process here, takes all others with it when it ends.
# shellcheck disable=SC2086
timeout -s KILL "$seconds" chroot "$root" setpriv $rights prlimit --core=0 --as="$memory" --nproc="$processes" --fsize="$file" \
    --nofile=64 --cpu="$seconds" --memlock=0 --msgqueue=0 --stack=8388608 -- "$@"
