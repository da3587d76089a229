using System.Runtime.CompilerServices;

namespace Espalier.Torch.Dispatch;

/// <summary>Room for the arguments of a call, without the heap.</summary>
[InlineArray(Room)]
internal struct ArgumentArray
{
    /// <summary>More no operator here takes.</summary>
    public const int Room = 17;

    private Argument _first;
}
