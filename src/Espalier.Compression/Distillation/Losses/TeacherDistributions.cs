namespace Espalier.Compression.Distillation.Losses;

// Shapes: N positions, C positions of a chunk, E teacher width, K kept entries, V vocabulary.

/// <summary>What is known of the teacher at N positions; a loss asks for it a chunk at a time. Nothing of it gets a gradient.</summary>
public abstract class TeacherDistributions
{
    /// <summary>Entries of the teacher's vocabulary.</summary>
    public abstract long Vocabulary { get; }

    /// <summary>Positions start ≤ i &lt; end, over the first <paramref name="vocabulary"/> entries.</summary>
    public abstract DistributionChunk At(long start, long end, long vocabulary);

    /// <summary>
    /// The same for who needs it no longer than until the next call; in <paramref name="room_CV"/> where logits can be made there, which
    /// the caller owns, as <see cref="LmHead.TrainingLogits(Tensor, ref Tensor?)"/>.
    /// </summary>
    internal virtual DistributionChunk Next(long start, long end, long vocabulary, ref Tensor? room_CV) => At(start, end, vocabulary);

    /// <summary>
    /// Into how many parts a chunk of so many positions is cut for <see cref="Next"/>, each of a multiple of 16 positions; 1 where nothing
    /// is gained by less memory.
    /// </summary>
    internal virtual int PartsOf(long positions) => 1;

    /// <summary>Nobody needs it any more: the object may serve again.</summary>
    internal virtual void LetGo()
    {
    }

    /// <summary>Whether it holds no tensor that it was asked for longer than the call, as <see cref="LogitLoss.LetsGo"/>.</summary>
    internal virtual bool LetsGo => GetType().Assembly == typeof(TeacherDistributions).Assembly;

    /// <summary>The same at some of the positions alone, in the order of <paramref name="index_M"/> (Int64).</summary>
    public abstract TeacherDistributions Rows(Tensor index_M);
}

/// <summary>A teacher's hidden states before its head, [N, E], and the head: logits are made where they are needed.</summary>
internal sealed class DenseDistributions(Tensor hidden_NE, LmHead head) : TeacherDistributions
{
    [ThreadStatic] private static DenseDistributions? s_spare;

    private readonly DenseChunk _chunk = new(hidden_NE);
    private Tensor _hidden_NE = hidden_NE;
    private LmHead _head = head;

    /// <summary>Those of a pass; an object that somebody let go of, where there is one.</summary>
    public static DenseDistributions Of(Tensor hidden_NE, LmHead head)
    {
        if (s_spare is not { } spare)
            return new(hidden_NE, head);
        (s_spare, spare._hidden_NE, spare._head) = (null, hidden_NE, head);
        return spare;
    }

    public override long Vocabulary => _head.Vocabulary;

    public override DistributionChunk At(long start, long end, long vocabulary) => new DenseChunk(Logits(start, end, vocabulary));

    internal override DistributionChunk Next(long start, long end, long vocabulary, ref Tensor? room_CV)
    {
        _chunk.Logits_CV = _head.First(vocabulary).TrainingLogits(_hidden_NE.Slice(0, start, end), ref room_CV);
        return _chunk;
    }

    internal override int PartsOf(long positions) => _head.PartsOf(_hidden_NE, positions);

    internal override void LetGo() =>
        (_hidden_NE, _head, _chunk.Logits_CV, s_spare) = (null!, null!, null!, this);

    public override TeacherDistributions Rows(Tensor index_M) => new DenseDistributions(_hidden_NE.IndexSelect(0, index_M), _head);

    private Tensor Logits(long start, long end, long vocabulary) =>
        _head.First(vocabulary).TrainingLogits(_hidden_NE.Slice(0, start, end));
}

/// <summary>Some entries of each distribution, as a cache stores them: [N, K], plus [N].</summary>
internal sealed class SparseDistributions(long vocabulary, Tensor ids_NK, Tensor weights_NK, Tensor? logTail_N, Tensor? entropy_N)
    : TeacherDistributions
{
    public override long Vocabulary => vocabulary;

    public override DistributionChunk At(long start, long end, long vocabulary) => new SparseChunk(
        ids_NK.Slice(0, start, end), weights_NK.Slice(0, start, end), logTail_N?.Slice(0, start, end), entropy_N?.Slice(0, start, end));

    public override TeacherDistributions Rows(Tensor index_M) => new SparseDistributions(
        vocabulary, ids_NK.IndexSelect(0, index_M), weights_NK.IndexSelect(0, index_M), logTail_N?.IndexSelect(0, index_M),
        entropy_N?.IndexSelect(0, index_M));
}
