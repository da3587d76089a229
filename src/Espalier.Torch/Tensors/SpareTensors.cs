namespace Espalier.Torch;

/// <summary>
/// Tensor objects that serve again, so that a training step makes no new ones. An object that was disposed and is used again shows whoever
/// still refers to it another tensor's values, where every other object throws. So objects come from here and go here in scopes alone whose
/// tensors never leave the code that opened them (<see cref="TensorScope.BeginReusing"/>), and under <c>ESPALIER_GUARD=1</c> never: then a
/// use after disposal is an error there, too, and tests run training both ways. One stock a thread.
/// </summary>
internal static class SpareTensors
{
    private const int Most = 4096;

    [ThreadStatic] private static Stack<Tensor>? s_spare;

    public static Tensor? Take() => !GuardMode.IsOn && s_spare?.TryPop(out var tensor) == true ? tensor : null;

    /// <summary>Takes over an object that nobody refers to, whose native tensor is gone.</summary>
    public static void Put(Tensor tensor)
    {
        if (!GuardMode.IsOn && (s_spare ??= []).Count < Most)
            s_spare.Push(tensor);
    }
}
