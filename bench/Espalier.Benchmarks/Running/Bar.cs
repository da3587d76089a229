namespace Espalier.Benchmarks;

/// <summary>What one process of a bar measures.</summary>
/// <param name="Subject">A shape, a model or a size, as the bar names them.</param>
/// <param name="Threads">Threads of both sides.</param>
/// <param name="Pairs">Pairs that count.</param>
/// <param name="Quick">Whether to leave out what takes minutes.</param>
internal sealed record CaseInput(string Subject, int Threads, int Pairs, bool Quick);

/// <summary>A bar of the project's design: what is measured against what.</summary>
/// <param name="Name">Such as P1.</param>
/// <param name="What">What is measured.</param>
/// <param name="Against">The peer.</param>
/// <param name="Must">The bar in words.</param>
/// <param name="Subjects">What it is measured on; <c>true</c> asks for few.</param>
/// <param name="Measure">Measures one, in a process of its own.</param>
internal sealed record Bar(string Name, string What, string Against, string Must, Func<bool, IEnumerable<string>> Subjects,
    Func<CaseInput, IEnumerable<Row>> Measure)
{
    /// <summary>Whether there are more subjects than a run without <c>--only</c> takes.</summary>
    public bool HasMore { get; init; }

    /// <summary>Threads that it is measured with; null for those that are asked for.</summary>
    public int[]? Threads { get; init; }

    public int LeastPairs { get; init; } = 7;
}

/// <summary>A bar, or a peer of one, cannot be measured here; the message says why and what would help.</summary>
internal sealed class NotMeasuredException(string reason) : Exception(reason);
