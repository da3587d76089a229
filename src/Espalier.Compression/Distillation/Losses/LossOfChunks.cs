namespace Espalier.Compression.Distillation.Losses;

// Shapes: N positions, C positions of a chunk, V vocabulary.

/// <summary>
/// A <see cref="LogitLoss"/> over the chunks of a head, against what is known of the teacher there. An object serves one pass after the
/// other of its thread.
/// </summary>
internal sealed class LossOfChunks
{
    [ThreadStatic] private static LossOfChunks? s_spare;

    private LogitLoss? _loss;
    private Tensor? _targets_N, _room_CV;
    private TeacherDistributions? _teacher;
    private long _vocabulary;

    private LossOfChunks() => Compute = Of;

    /// <summary>The loss of a chunk.</summary>
    public ChunkLoss Compute { get; }

    /// <summary>One for a pass, which gives it back by <see cref="End"/>.</summary>
    /// <param name="targets_N">Next ids.</param>
    /// <param name="teacher">Null where the loss needs none.</param>
    /// <param name="vocabulary">Entries that both sides have.</param>
    public static LossOfChunks Begin(LogitLoss loss, Tensor targets_N, TeacherDistributions? teacher, long vocabulary)
    {
        var chunks = s_spare ?? new();
        s_spare = null;
        (chunks._loss, chunks._targets_N, chunks._teacher, chunks._vocabulary) = (loss, targets_N, teacher, vocabulary);
        return chunks;
    }

    /// <summary>Lets go of the pass's tensors.</summary>
    public void End()
    {
        if (_room_CV is not null)
            ProductOperators.LetRoomGo(_room_CV);
        (_loss, _targets_N, _teacher, _room_CV) = (null, null, null, null);
        s_spare = this;
    }

    // A teacher whose logits are made has them of fewer positions at once than the student, whose gradients want many: a row is compared
    // with a row. Losses of others, and of logits that are copied first, get the chunk whole.
    private (Tensor Losses_PC, Tensor Slope_CV) Of(Tensor logits_CV, long start, long end)
    {
        var parts = _loss!.LetsGo && logits_CV.DType == DType.Float32 && _teacher is { } teacher ? teacher.PartsOf(end - start) : 1;
        if (parts == 1)
            return Part(logits_CV, start, end);
        Tensor? losses_PC = null;
        for (var i = 0; i < parts; i++)
        {
            using var scope = TensorScope.Begin();
            // None has more than the first, which the room is made for.
            var (first, last) = (((end - start) * i + parts - 1) / parts, ((end - start) * (i + 1) + parts - 1) / parts);
            var (found_PC, _) = Part(logits_CV.Slice(0, first, last), start + first, start + last);
            losses_PC ??= found_PC.Dimensions == 1 ? Whole(scope, end - start) : Whole(scope, found_PC.Size(0), end - start);
            losses_PC.Slice(-1, first, last).CopyInPlace(found_PC);
        }
        return (losses_PC!, logits_CV);
    }

    private static Tensor Whole(in TensorScope scope, params ReadOnlySpan<long> sizes) =>
        scope.Keep(Tensor.Empty(DType.Float32, sizes));

    private (Tensor Losses_PC, Tensor Slope_CV) Part(Tensor logits_CV, long start, long end)
    {
        // A loss of others may keep what it is told.
        var said = _loss!.LetsGo ? _teacher?.Next(start, end, _vocabulary, ref _room_CV) : _teacher?.At(start, end, _vocabulary);
        if (!(_loss.TakesBfloat16 && said is null or DenseChunk { Logits_CV.DType: DType.BFloat16 }))
            (logits_CV, said) = (logits_CV.Widened(), said is DenseChunk dense ? dense.Widened() : said);
        return (_loss.Compute(logits_CV, said, _targets_N!.Slice(0, start, end)), logits_CV);
    }
}
