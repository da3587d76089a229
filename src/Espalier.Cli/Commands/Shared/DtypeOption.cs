using System.CommandLine;
using Espalier.Models.Checkpoints;

namespace Espalier.Cli.Commands.Shared;

/// <summary><c>--dtype</c>: the element type that weights are written in.</summary>
internal sealed class DtypeOption
{
    private readonly ChoiceOption<ElementType> option = new(
        "--dtype", "Element type to store; by default that of the model", null,
        ("f32", ElementType.F32), ("f16", ElementType.F16), ("bf16", ElementType.BF16),
        ("float32", ElementType.F32), ("float16", ElementType.F16), ("bfloat16", ElementType.BF16));

    internal void AddTo(Command command) => command.Options.Add(option);

    internal bool IsGiven(CommandRun run) => run.Has(option);

    internal ElementType Read(CommandRun run, Checkpoint model) => run.Get(option) ?? model.StoredType;
}
