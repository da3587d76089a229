using Espalier.Compression.Data.Batches;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Sampling;

namespace Espalier.Compression.Alignment.Rollouts;

/// <summary>An answer that a student wrote.</summary>
/// <param name="Prompt">The prompt's number.</param>
/// <param name="Written">What follows it, its end included; at least one id.</param>
internal sealed record Rollout(long Prompt, int[] Written);

/// <summary>Lets a student answer prompts: what it writes to one depends on weights, prompt, seed and place alone.</summary>
/// <param name="ends">Ids that end an answer.</param>
/// <param name="temperature">Sharpness of the choice.</param>
/// <param name="seed">Seed of the choices.</param>
internal sealed class RolloutWriter(PromptSet prompts, IReadOnlySet<int> ends, double temperature, long seed)
{
    /// <summary>Prompts that are answered at once.</summary>
    private const int AtOnce = 16;

    /// <summary>The prompts.</summary>
    public PromptSet Prompts => prompts;

    /// <summary>Answers.</summary>
    /// <param name="student">Who writes; its weights as they are now, in the type that it is kept in.</param>
    /// <param name="asked">Numbers of the prompts.</param>
    /// <param name="first">The first answer's place in the stream of all, which is part of its seed.</param>
    /// <param name="length">Most ids of an answer.</param>
    public Rollout[] Write(Decoder student, IReadOnlyList<long> asked, long first, int length, CancellationToken stop)
    {
        int[][] ids = [.. asked.Select(prompt => prompts[prompt])];
        using var exact = student.Computing(ComputeType.Float32);
        IReadOnlyList<IReadOnlyList<int>> written;
        if (PackedWeights.Takes(student))
        {
            using var weights = PackedWeights.Of(student);
            written = GeneratorBatch.Continue(weights, ids, length, Options, ends, AtOnce, stop: stop);
        }
        else
        {
            written = [.. ids.Select((prompt, i) => (int[])[.. Generator.Continue(student, prompt, length, Options(i), ends, stop)])];
        }
        return [.. asked.Zip(written, static (prompt, answer) => new Rollout(prompt, [.. answer]))];

        SamplingOptions Options(int place) =>
            new() { Temperature = temperature, Seed = unchecked((int)Permutation.Key((ulong)seed, (ulong)(first + place))) };
    }
}
