using System.Numerics;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Layers;

// Shapes: T tokens, E experts, K experts of a token.

/// <summary>Which experts a token goes to: those with the largest logits of the router, ties to the lower index.</summary>
internal static class ExpertChoice
{
    /// <summary>The experts of each token, [T, K], the largest first. One token's do not depend on the others.</summary>
    /// <param name="logits">What the router gives, [T, E].</param>
    /// <param name="perToken">K, from 1 to E.</param>
    public static int[] Of(Tensor logits, int perToken)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var experts = (int)logits.Size(-1);
        return logits.DType == DType.Float64
            ? Of<double>(logits.ToArray<double>(), experts, perToken)
            : Of<float>(logits.To(DType.Float32).ToArray<float>(), experts, perToken);
    }

    /// <summary>The same of values in memory, row after row.</summary>
    public static int[] Of<T>(ReadOnlySpan<T> logits, int experts, int perToken) where T : INumber<T>
    {
        var chosen = new int[logits.Length / experts * perToken];
        for (var token = 0; token < logits.Length / experts; token++)
            Choose(logits.Slice(token * experts, experts), chosen.AsSpan(token * perToken, perToken));
        return chosen;
    }

    /// <summary>Those of one token.</summary>
    public static void Choose<T>(ReadOnlySpan<T> logits, Span<int> chosen) where T : INumber<T>
    {
        var count = 0;
        for (var expert = 0; expert < logits.Length; expert++)
        {
            if (count == chosen.Length && !IsAbove(logits[expert], logits[chosen[count - 1]]))
                continue;
            var at = count < chosen.Length ? count++ : count - 1;
            for (; at > 0 && IsAbove(logits[expert], logits[chosen[at - 1]]); at--)
                chosen[at] = chosen[at - 1];
            chosen[at] = expert;
        }
    }

    // What is not a number is below all that is.
    private static bool IsAbove<T>(T a, T b) where T : INumber<T> => a > b || (T.IsNaN(b) && !T.IsNaN(a));
}
