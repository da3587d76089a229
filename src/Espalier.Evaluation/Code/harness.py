# Runs a program inside the sandbox and says what became of it. Standard input: a mark that the program does not know, a line; then the
# program. Standard output: lines that begin with the mark.
import builtins, os, shutil, subprocess, sys

mark, program = sys.stdin.buffer.read().split(b"\n", 1)
answers = os.dup(1)
nothing = os.open("/dev/null", os.O_RDWR)
for number in (0, 1, 2):
    os.dup2(nothing, number)
os.chdir("/tmp")
write, leave = os.write, os._exit


def say(text):
    write(answers, mark + b" " + " ".join(text.split())[:400].encode("utf-8", "replace") + b"\n")


# What HumanEval's execution.py takes away from programs: whoever uses it has failed there, and so it is here.
for module, names in (
    (builtins, "exit quit help"),
    (os, "kill system putenv remove removedirs rmdir fchdir setuid fork forkpty killpg rename renames truncate replace unlink fchmod "
         "fchown chmod chown chroot lchflags lchmod lchown getcwd chdir"),
    (shutil, "rmtree move chown"),
    (subprocess, "Popen"),
):
    for name in names.split():
        setattr(module, name, None)
for name in ("ipdb", "joblib", "resource", "psutil", "tkinter"):
    sys.modules[name] = None

say("begun")
try:
    exec(compile(program.decode(), "program", "exec"), {})
except BaseException as error:
    try:
        reason = type(error).__name__ + ": " + str(error)
    except BaseException:
        reason = "an exception without a text"
    say("failed " + reason)
else:
    say("passed")
leave(0)
