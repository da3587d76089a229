using System.Text.Json;
using Espalier.Compression.Runs;
using Espalier.Models.Checkpoints;
using Espalier.Models.Families;
using Espalier.Torch;

namespace Espalier.Compression.Training;

/// <summary>A trainer's whole state as files of a checkpoint: trained weights and both moments bit for bit, and the loop's record.</summary>
internal static class TrainerCheckpoint
{
    private const string TensorsFile = "state.safetensors";
    private const string LoopFile = "loop.json";

    /// <summary>A snapshot that training no longer touches.</summary>
    /// <param name="trainer">Whose state it is, between two steps.</param>
    /// <param name="family">Names the tensors.</param>
    /// <param name="memory">Where the copies lie; null for memory of their own. The snapshot before in it must have been written.</param>
    public static IReadOnlyList<CheckpointPart> Snapshot(Trainer trainer, Family family, SnapshotMemory? memory = null)
    {
        memory ??= new();
        var specs = new List<TensorSpec>();
        foreach (var (name, tensor) in Tensors(trainer, family))
        {
            tensor.CopyBytesTo(memory.Of(name, tensor.ElementCount * tensor.DType.Size()));
            specs.Add(new(name, tensor.DType == DType.Float64 ? ElementType.F64 : ElementType.F32, tensor.Shape.ToArray()));
        }
        var layout = SafetensorsLayout.Plan(specs);
        return
        [
            CheckpointPart.FromBytes(LoopFile, JsonSerializer.SerializeToUtf8Bytes(trainer.State)),
            new(TensorsFile, stream =>
            {
                stream.Write(layout.Header.Span);
                foreach (var entry in layout.Entries)
                    stream.Write(memory.Of(entry.Name));
            }),
        ];
    }

    /// <summary>Puts a trainer where the checkpoint was taken.</summary>
    /// <exception cref="EspalierException">The checkpoint is not of this model.</exception>
    public static void Restore(Trainer trainer, Family family, SavedCheckpoint checkpoint)
    {
        using var file = SafetensorsFile.Open(checkpoint.PathOf(TensorsFile));
        foreach (var (name, tensor) in Tensors(trainer, family))
        {
            var entry = file.Entry(name);
            if (!entry.Shape.AsSpan().SequenceEqual(tensor.Shape))
                throw new EspalierException($"{file.Path}: '{name}' is [{string.Join(", ", entry.Shape)}] and the model's [{string.Join(", ", tensor.Shape.ToArray())}]; the checkpoint is of another model");
            tensor.CopyBytesFrom(file.ReadBytes(name));
        }
        trainer.Resume(JsonSerializer.Deserialize<LoopState?>(checkpoint.Read(LoopFile))
            ?? throw new EspalierException($"{checkpoint.PathOf(LoopFile)}: holds no state"));
    }

    private static IEnumerable<(string Name, Tensor Value)> Tensors(Trainer trainer, Family family)
    {
        var names = trainer.Trained.Select(parameter => family.NameOf(parameter.Parameter))
            .Concat(trainer.Sets.Skip(1).SelectMany(set => set.Parameters.Select(parameter => $"{set.Name}.{parameter.Name}")));
        var values = trainer.Sets.SelectMany(set => set.Parameters).Select(parameter => parameter.Value);
        foreach (var (i, (name, value)) in names.Zip(values).Index())
        {
            yield return ($"weight.{name}", value);
            yield return ($"first-moment.{name}", trainer.Optimizer.FirstMoments[i]);
            yield return ($"second-moment.{name}", trainer.Optimizer.SecondMoments[i]);
        }
    }
}
