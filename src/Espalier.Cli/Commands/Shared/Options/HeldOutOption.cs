using System.CommandLine;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary>
/// <c>--held-out</c>: the share of text or ids that is kept out of training, as a recipe's key; but of ids none is unless it is given.
/// </summary>
internal sealed class HeldOutOption() : ValueOption<double>("--held-out", Kinds.ShareOf(Limits.From(0).Below(1)),
    "Share held out for evaluation: documents by their hash, or the last windows of ids; by default 2% of text and no ids")
{
    /// <summary>What to train on: the text or the ids that were given, cut into windows as a section says.</summary>
    internal DataSection Data(CommandRun run, TokenInput input, DataSection cut)
    {
        var (text, ids) = input.Given(run);
        return cut with
        {
            Train = ids is null ? text : [ids],
            Field = input.Field(run),
            HeldOut = run.Get(this) ?? (ids is null ? new DataSection().HeldOut : 0),
        };
    }
}
