namespace Espalier.Evaluation.Code;

/// <summary>What a program in the sandbox may use.</summary>
internal sealed record SandboxLimits
{
    /// <summary>Seconds from its first instruction on; HumanEval's number (its execution.py).</summary>
    public double Seconds { get; init; } = 3;

    /// <summary>Bytes of address space of each of its processes.</summary>
    public long Memory { get; init; } = 1L << 30;

    /// <summary>Processes and threads, all together.</summary>
    public int Processes { get; init; } = 12;

    /// <summary>Bytes of each file that it writes.</summary>
    public long File { get; init; } = 16L << 20;

    /// <summary>Bytes of all its files, which are in memory.</summary>
    public long Files { get; init; } = 64L << 20;

    /// <summary>Refuses limits that no program could live with.</summary>
    /// <exception cref="EspalierException">One is too low.</exception>
    public SandboxLimits Validate()
    {
        if (!(Seconds > 0 && Seconds <= 3600))
            throw new EspalierException($"the time limit of a program is {Seconds} s; it must be above 0 and at most 3600");
        return Memory >= 64L << 20 && Processes >= 4 && File > 0 && Files > 0 ? this
            : throw new EspalierException(
                $"a program may use {Memory} bytes and {Processes} processes, but the interpreter alone needs 64 MiB and 4 processes");
    }
}
