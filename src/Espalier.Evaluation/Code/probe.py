# What must hold where programs are run; run there before any other.
import errno, os, socket

network = None
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("192.0.2.1", 9))
except OSError as error:
    network = error.errno
assert network == errno.ENETUNREACH, "the network can be reached"
for folder in ("/", "/usr", "/tmp/.."):
    try:
        open(folder + "/espalier-probe", "w")
    except OSError:
        continue
    raise AssertionError(folder + " can be written")
assert not os.path.exists("/proc/self"), "other processes can be seen"
assert os.listdir("/tmp") == [], "the writable folder is not empty"
with open("/tmp/probe", "w") as file:
    file.write("x")
for size in (1 << 40,):
    try:
        bytearray(size)
    except MemoryError:
        continue
    raise AssertionError("memory has no limit")
import ctypes

fork = ctypes.CDLL(None).fork
for _ in range(4096):
    child = fork()
    if child < 0:
        break
    if child == 0:
        import time
        time.sleep(60)
        os._exit(0)
else:
    raise AssertionError("processes have no limit")
