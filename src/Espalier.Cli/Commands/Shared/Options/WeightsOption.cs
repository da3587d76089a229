using System.CommandLine;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Generation.Sampling;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary><c>--weights</c>: what matrices are kept in where a model generates.</summary>
internal sealed class WeightsOption() : ValueOption<WeightFormat>("--weights",
    Kinds.Choice<WeightFormat>([("float32", WeightFormat.Float32), ("bf16", WeightFormat.BFloat16), ("int8", WeightFormat.Int8),
        ("f32", WeightFormat.Float32), ("bfloat16", WeightFormat.BFloat16)]),
    "Type in which matrices are kept; activations are float32. By default the lossless one, bf16 if the model is stored so, otherwise "
        + "float32; int8 has one scale per 32 weights and changes the text slightly")
{
    internal PackedWeights Load(CommandRun run, Checkpoint checkpoint) => PackedWeights.Load(checkpoint, Read(run, checkpoint));

    internal WeightFormat Read(CommandRun run, Checkpoint checkpoint) => run.Get(this) ?? PackedWeights.FormatOf(checkpoint);

    internal static string NameOf(WeightFormat format) =>
        format == WeightFormat.BFloat16 ? "bf16" : format.ToString().ToLowerInvariant();
}
