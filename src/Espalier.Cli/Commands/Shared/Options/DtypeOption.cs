using System.CommandLine;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary><c>--dtype</c>: the element type that weights are written in.</summary>
/// <param name="byDefault">What is stored where the option is not given, for help.</param>
internal sealed class DtypeOption(string byDefault = "the model's")
{
    private readonly ValueOption<ElementType> _option = new("--dtype",
        Kinds.Choice<ElementType>([("f32", ElementType.F32), ("f16", ElementType.F16), ("bf16", ElementType.BF16),
            ("float32", ElementType.F32), ("float16", ElementType.F16), ("bfloat16", ElementType.BF16)]),
        $"Element type to store; by default {byDefault}");

    private readonly FlagOption _clamp = new("--clamp",
        "Write weights beyond the element type's range as its largest number, instead of refusing the first one by name");

    internal IEnumerable<Option> Options => [_option, _clamp];

    /// <summary>Whether weights that the type cannot hold are brought back into its range.</summary>
    internal bool Clamp(CommandRun run) => run.Get(_clamp);

    internal bool IsGiven(CommandRun run) => run.Has(_option);

    internal ElementType Read(CommandRun run, Checkpoint model) => Read(run, model.StoredType);

    internal ElementType Read(CommandRun run, ElementType byDefault) => run.Get(_option) ?? byDefault;
}
