using Espalier.Torch.Native;

namespace Espalier.Torch;

public sealed unsafe partial class Tensor
{
    /// <summary>Whether gradients of this tensor are wanted (settable on leaves only).</summary>
    public bool RequiresGrad
    {
        get => Describe().RequiresGrad != 0;
        set => NativeMethods.esp_tensor_set_requires_grad(_handle, value ? 1 : 0);
    }

    /// <summary>The accumulated gradient as a new handle on the same storage, or null when there is none.</summary>
    public Tensor? Grad()
    {
        nint grad;
        NativeMethods.esp_tensor_grad(_handle, &grad);
        return grad == 0 ? null : Adopt(grad);
    }

    /// <summary>Replaces the accumulated gradient (same shape and element type); null clears it.</summary>
    public void SetGrad(Tensor? grad)
    {
        if (grad is null)
        {
            NativeMethods.esp_tensor_set_grad(_handle, 0);
            return;
        }
        var pointer = grad.Hold();
        try
        {
            NativeMethods.esp_tensor_set_grad(_handle, pointer);
        }
        finally
        {
            grad.Release();
        }
    }

    /// <summary>Adds to the accumulated gradient, or becomes it where there is none yet: then the storage is shared.</summary>
    public void AccumulateGrad(Tensor gradient)
    {
        using var noGrad = GradMode.Disable();
        using var before = Grad()?.Unscoped();
        if (before is null)
            SetGrad(gradient);
        else
            before.AddInPlace(gradient);
    }

    /// <summary>The same storage, cut off from the graph.</summary>
    public Tensor Detach() => Ops.Detach.Call(this);

    /// <summary>
    /// Accumulates gradients into the leaves below this tensor. <paramref name="gradient"/> has this tensor's shape;
    /// without it the tensor's gradient is one.
    /// </summary>
    public void Backward(Tensor? gradient = null) => Backward([(this, gradient)]);

    /// <summary>One backward pass from several roots, each with its gradient (null is one).</summary>
    public static void Backward(ReadOnlySpan<(Tensor Root, Tensor? Gradient)> roots)
    {
        const int most = 1024;
        if (roots.Length > most)
            throw new TorchException($"backward was given {roots.Length} roots and takes at most {most}");
        var pointers = stackalloc nint[2 * roots.Length];
        int heldRoots = 0, heldGradients = 0;
        try
        {
            for (; heldRoots < roots.Length; heldRoots++)
                pointers[heldRoots] = roots[heldRoots].Root.Hold();
            for (; heldGradients < roots.Length; heldGradients++)
                pointers[roots.Length + heldGradients] = roots[heldGradients].Gradient?.Hold() ?? 0;
            NativeMethods.esp_backward(pointers, pointers + roots.Length, roots.Length);
        }
        finally
        {
            for (var i = 0; i < heldRoots; i++)
                roots[i].Root.Release();
            for (var i = 0; i < heldGradients; i++)
                roots[i].Gradient?.Release();
        }
    }
}
