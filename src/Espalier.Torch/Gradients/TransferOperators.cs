using Espalier.Torch.Dispatch;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Gradients;

/// <summary>Tensors on other devices, and their gradients on the way back.</summary>
public static class TransferOperators
{
    /// <summary>
    /// This same tensor if it is already on the device, else a copy there. The gradient flows back to the source device.
    /// </summary>
    public static Tensor On(this Tensor x, Device device) => device == x.Device ? x : Sent(x, device);

    private static Tensor Sent(Tensor x, Device device)
    {
        var home = x.Device;
        Tensor there;
        using (GradMode.Disable())
            there = Ops.To.Call(x, Argument.None, Argument.None, device);
        return Tape.Record(there, [x], [], (_, g, into) => into[0] = g.On(home));
    }
}
