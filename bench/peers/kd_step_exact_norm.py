"""The distillation step of kd_step.py with the global norm of the gradients summed in float64, for parity: PyTorch's own sums float32 in float32, which is off by parts in ten
thousand for a table of millions of entries. A line "norms" before each step tells both. Options are those of kd_step.py, whose folder PYTHONPATH names.
"""
import common
import kd_step


def main():
    torch = common.set_threads(kd_step.parse().threads)

    def clip(parameters, limit):
        gradients = [p.grad for p in parameters if p.grad is not None]
        exact = sum(g.double().square().sum() for g in gradients).sqrt()
        common.print_json(event="norms", exact=exact.item(), float32=torch.nn.utils.get_total_norm(gradients).item() if hasattr(torch.nn.utils, "get_total_norm") else None)
        for g in gradients:
            g.mul_(min(1.0, limit / (exact.item() + 1e-6)))
        return exact

    torch.nn.utils.clip_grad_norm_ = clip
    kd_step.main()


if __name__ == "__main__":
    main()
