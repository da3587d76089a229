"""The step of kd_step.py with the products of both models in bfloat16, as `torch.autocast` makes them: weights, gradients and the update stay float32, and so does
the divergence. Options are those of kd_step.py, whose folder PYTHONPATH names.
"""
import common
import kd_step


def main():
    torch = common.set_threads(kd_step.parse().threads)
    import llama

    def autocast(method):
        def run(*arguments, **named):
            # Weights change in every step, and are cast again.
            with torch.autocast("cpu", torch.bfloat16):
                return method(*arguments, **named).float()

        return run

    llama.Llama.forward = autocast(llama.Llama.forward)
    kd_step.main()


if __name__ == "__main__":
    main()
