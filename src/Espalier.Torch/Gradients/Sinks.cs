using System.Runtime.CompilerServices;

namespace Espalier.Torch.Gradients;

/// <summary>Room for where the gradients of a few inputs go, without the heap.</summary>
[InlineArray(Room)]
internal struct Sinks
{
    /// <summary>Enough for nearly all operations.</summary>
    public const int Room = 8;

    private GradientSink? _first;
}
