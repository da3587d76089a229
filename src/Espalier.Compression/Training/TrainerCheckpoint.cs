using Espalier.Compression.Training.Parts;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;

namespace Espalier.Compression.Training;

/// <summary>
/// A trainer's whole state as files of a checkpoint: trained weights and the optimizer's state bit for bit, and the loop's record.
/// </summary>
internal static class TrainerCheckpoint
{
    /// <summary>The file of tensors, which no Hugging Face folder has.</summary>
    public const string TensorsFile = "state.safetensors";

    private const string LoopFile = "loop.json";
    private const int PieceBytes = 4 << 20;

    // What a processor's cache holds: the thread that writes a piece hashes it where it then lies, and the others go on training.
    private const int WriteBytes = 512 << 10;

    /// <summary>What a trained weight is called in <see cref="TensorsFile"/>.</summary>
    /// <param name="parameter">Its name in a Hugging Face folder.</param>
    public static string WeightName(string parameter) => $"weight.{parameter}";

    /// <summary>
    /// The state as it is now. Its tensors are copied while training goes on: the trainer waits for that before it changes them.
    /// </summary>
    /// <param name="trainer">Whose state it is, between two steps.</param>
    /// <param name="family">Names the tensors.</param>
    /// <param name="memory">Where the copies lie; null for memory of their own. The snapshot before in it must have been written.</param>
    /// <param name="copying">Called by the thread that copies before it does; tests hold it up.</param>
    /// <returns>The files. Writing them waits for the copy, and throws its error.</returns>
    public static IReadOnlyList<CheckpointPart> Snapshot(
        Trainer trainer, Family family, SnapshotMemory? memory = null, Action? copying = null)
    {
        memory ??= new();
        var specs = new List<TensorSpec>();
        var pieces = new List<(Tensor From, long First, byte[] To)>();
        foreach (var (name, tensor) in Tensors(trainer, family))
        {
            var first = 0L;
            foreach (var room in memory.Of(name, tensor.ElementCount * tensor.DType.Size()))
            {
                pieces.Add((tensor, first, room));
                first += room.Length;
            }
            specs.Add(new(name, TypeOf(tensor), tensor.Shape.ToArray()));
        }
        var copy = new SnapshotCopy(pieces, copying);
        trainer.KeepFor(copy);
        var layout = SafetensorsLayout.Plan(specs);
        return
        [
            CheckpointPart.FromBytes(LoopFile, JsonSerializer.SerializeToUtf8Bytes(trainer.State, PlainJson.Of<LoopState>())),
            new(TensorsFile, stream =>
            {
                copy.Complete();
                stream.Write(layout.Header.Span);
                foreach (var bytes in layout.Entries.SelectMany(entry => memory.Of(entry.Name)))
                    for (var at = 0; at < bytes.Length; at += WriteBytes)
                        stream.Write(bytes, at, Math.Min(WriteBytes, bytes.Length - at));
            }),
        ];
    }

    /// <summary>Puts a trainer where the checkpoint was taken.</summary>
    /// <exception cref="EspalierException">The checkpoint is not of this model.</exception>
    public static void Restore(Trainer trainer, Family family, SavedCheckpoint checkpoint)
    {
        trainer.AwaitCopy();
        using var file = SafetensorsFile.Open(checkpoint.PathOf(TensorsFile));
        var piece = new byte[PieceBytes];
        foreach (var (name, tensor) in Tensors(trainer, family))
        {
            var entry = file.Entry(name);
            if (!entry.Shape.AsSpan().SequenceEqual(tensor.Shape) || entry.Type != TypeOf(tensor))
                throw new EspalierException(
                    $"{file.Path}: '{name}' is {entry.Type.Name()} [{string.Join(", ", entry.Shape)}] but the model's is "
                        + $"{TypeOf(tensor).Name()} [{string.Join(", ", tensor.Shape.ToArray())}]; the checkpoint belongs to another "
                        + "model");
            for (long first = 0; first < entry.ByteLength; first += piece.Length)
            {
                var bytes = piece.AsSpan(0, (int)Math.Min(piece.Length, entry.ByteLength - first));
                file.Read(entry, first, bytes);
                tensor.CopyBytesFrom(first, bytes);
            }
        }
        trainer.Resume(JsonSerializer.Deserialize(checkpoint.Read(LoopFile), PlainJson.Of<LoopState?>())
            ?? throw new EspalierException($"{checkpoint.PathOf(LoopFile)}: has no state"));
    }

    private static ElementType TypeOf(Tensor tensor) => tensor.DType == DType.Float64 ? ElementType.F64 : ElementType.F32;

    private static IEnumerable<(string Name, Tensor Value)> Tensors(Trainer trainer, Family family)
    {
        var names = trainer.Trained.Select(parameter => family.NameOf(parameter.Parameter))
            .Concat(trainer.Model.Adapters.SelectMany(adapter =>
                adapter.Factors.Select(factor => LowRankOptions.NameOf(family.NameOf(adapter.Parameter), factor.Name))))
            .Concat(trainer.Sets.Skip(1).SelectMany(set => set.Parameters.Select(parameter => $"{set.Name}.{parameter.Name}")));
        var values = trainer.Sets.SelectMany(set => set.Parameters).Select(parameter => parameter.Value);
        foreach (var (i, (name, value)) in names.Zip(values).Index())
        {
            yield return (WeightName(name), value);
            foreach (var (kind, state) in trainer.Optimizer.StateOf(i))
                yield return ($"{kind}.{name}", state);
        }
    }
}
