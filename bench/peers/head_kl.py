"""Heads and divergence alone, eagerly: logits of teacher and student, log_softmax of both, kl_div, backward to the student's hidden states and head. Prints JSON Lines as the
other peers do; with --write it leaves the operands in a folder and does nothing else.

    python3 head_kl.py --tokens 1024 --width 512 --teacher-width 768 --vocabulary 32000 --write FOLDER
    python3 head_kl.py --read FOLDER --threads 1 --paced --steps 9
"""
import argparse
import os
import time

import common

NAMES = ("hidden", "head", "teacher_hidden", "teacher_head")


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("tokens", "width", "teacher-width", "vocabulary"):
        p.add_argument("--" + name, type=int, default=512)
    p.add_argument("--read")
    p.add_argument("--write")
    p.add_argument("--first", type=int, default=0, help="take so many of the tokens that were written (default: all)")
    p.add_argument("--steps", type=int, default=9)
    p.add_argument("--paced", action="store_true")
    common.add_thread_argument(p)
    return p.parse_args()


def resident_mib(field):
    """VmRSS is what is resident now, VmHWM the highest since the last forget_peak."""
    for line in open("/proc/self/status"):
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024


def forget_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def main():
    a = parse()
    if a.write:
        shapes = ((a.tokens, a.width), (a.vocabulary, a.width), (a.tokens, a.teacher_width), (a.vocabulary, a.teacher_width))
        arrays = {name: common.random_weight(1, name, shape) * (shape[1] ** 0.5 if "hidden" in name else 1) for name, shape in zip(NAMES, shapes)}
        common.write_safetensors(os.path.join(a.write, "operands.safetensors"), {k: v.astype("float32") for k, v in arrays.items()})
        common.print_json(event="written")
        return
    torch = common.set_threads(a.threads)
    import torch.nn.functional as F

    arrays = {k: torch.from_numpy(v) for k, v in common.read_safetensors(os.path.join(a.read, "operands.safetensors"))}
    hidden, head, teacher_hidden, teacher_head = (arrays.pop(name) for name in NAMES)
    if a.first:
        hidden, teacher_hidden = hidden[: a.first].clone(), teacher_hidden[: a.first].clone()
    hidden.requires_grad_(), head.requires_grad_()
    # Loading took more than stays: what a step adds is counted from what is resident now.
    forget_peak()
    common.print_json(event="ready", torch=torch.__version__, rss_mib=resident_mib("VmRSS"))
    for step in range(a.steps):
        if not common.may_go_on(a.paced):
            break
        start = time.perf_counter()
        hidden.grad = head.grad = None
        with torch.no_grad():
            log_p = F.log_softmax(teacher_hidden @ teacher_head.t(), -1)
        loss = F.kl_div(F.log_softmax(hidden @ head.t(), -1), log_p, reduction="batchmean", log_target=True)
        loss.backward()
        del log_p
        common.print_json(event="step", step=step, loss=loss.item(), seconds=time.perf_counter() - start, peak_rss_mib=resident_mib("VmHWM"))


if __name__ == "__main__":
    main()
