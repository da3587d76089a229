namespace Espalier.Torch.Kernels;

/// <summary>
/// A debug mode, by <c>ESPALIER_GUARD=1</c>: what kernels write lies between bytes of a known pattern, and a kernel that touched them is an
/// error that says so.
/// </summary>
internal static unsafe class Canaries
{
    private const int Room = 4096; // bytes on each side
    private const byte Pattern = 0xA5;

    private static readonly bool s_always = Environment.GetEnvironmentVariable("ESPALIER_GUARD") == "1";

    [ThreadStatic] private static bool s_wanted;

    /// <summary>Whether results of this thread's kernels are guarded. Tests set it.</summary>
    public static bool AreOn { get => s_always || s_wanted; set => s_wanted = value; }

    /// <summary>A tensor in order, in the middle of a longer one that is all pattern.</summary>
    public static Tensor Around(DType dtype, ReadOnlySpan<long> shape)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var (count, room) = (1L, (long)(Room / dtype.Size()));
        foreach (var size in shape)
            count *= size;
        var whole = Tensor.Empty(DType.UInt8, 2 * Room + count * dtype.Size());
        whole.FillInPlace(Pattern);
        return scope.Keep(Ops.ViewAs.Call(whole, dtype).Slice(0, room, room + count).View(shape.ToArray()));
    }

    /// <summary>What was written beside a tensor of <see cref="Around"/>, or null.</summary>
    public static string? Broken(byte* data, Tensor tensor)
    {
        var bytes = tensor.ElementCount * tensor.DType.Size();
        var before = new ReadOnlySpan<byte>(data - Room, Room).IndexOfAnyExcept(Pattern);
        var behind = new ReadOnlySpan<byte>(data + bytes, Room).IndexOfAnyExcept(Pattern);
        return before >= 0 ? $"a kernel wrote {Room - before} bytes before its result, {tensor}"
            : behind >= 0 ? $"a kernel wrote {behind} bytes behind its result, {tensor}" : null;
    }
}
