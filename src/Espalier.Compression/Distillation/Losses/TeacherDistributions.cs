using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Compression.Distillation.Losses;

// Shapes: N positions, C positions of a chunk, E teacher width, K kept entries, V vocabulary.

/// <summary>What is known of the teacher at N positions; a loss asks for it a chunk at a time. Nothing of it gets a gradient.</summary>
public abstract class TeacherDistributions
{
    /// <summary>Entries of the teacher's vocabulary.</summary>
    public abstract long Vocabulary { get; }

    /// <summary>Positions start ≤ i &lt; end, over the first <paramref name="vocabulary"/> entries.</summary>
    public abstract DistributionChunk At(long start, long end, long vocabulary);

    /// <summary>Whether it holds no tensor that it was asked for longer than the call, as <see cref="LogitLoss.LetsGo"/>.</summary>
    internal virtual bool LetsGo => GetType().Assembly == typeof(TeacherDistributions).Assembly;

    /// <summary>The same at some of the positions alone, in the order of <paramref name="index_M"/> (Int64).</summary>
    public abstract TeacherDistributions Rows(Tensor index_M);
}

/// <summary>A teacher's hidden states before its head, [N, E], and the head: logits are made where they are needed.</summary>
internal sealed class DenseDistributions(Tensor hidden_NE, LmHead head) : TeacherDistributions
{
    /// <inheritdoc/>
    public override long Vocabulary => head.Vocabulary;

    /// <inheritdoc/>
    public override DistributionChunk At(long start, long end, long vocabulary) =>
        new DenseChunk(head.First(vocabulary).TrainingLogits(hidden_NE.Slice(0, start, end)));

    /// <inheritdoc/>
    public override TeacherDistributions Rows(Tensor index_M) => new DenseDistributions(hidden_NE.IndexSelect(0, index_M), head);
}

/// <summary>Some entries of each distribution, as a cache keeps them: [N, K], and [N] beside.</summary>
internal sealed class SparseDistributions(long vocabulary, Tensor ids_NK, Tensor weights_NK, Tensor? logTail_N, Tensor? entropy_N)
    : TeacherDistributions
{
    /// <inheritdoc/>
    public override long Vocabulary => vocabulary;

    /// <inheritdoc/>
    public override DistributionChunk At(long start, long end, long vocabulary) => new SparseChunk(
        ids_NK.Slice(0, start, end), weights_NK.Slice(0, start, end), logTail_N?.Slice(0, start, end), entropy_N?.Slice(0, start, end));

    /// <inheritdoc/>
    public override TeacherDistributions Rows(Tensor index_M) => new SparseDistributions(
        vocabulary, ids_NK.IndexSelect(0, index_M), weights_NK.IndexSelect(0, index_M), logTail_N?.IndexSelect(0, index_M),
        entropy_N?.IndexSelect(0, index_M));
}
