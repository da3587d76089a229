using System.CommandLine;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary>
/// <c>--held-out</c>: the share of text or ids that is kept out of training, as a recipe's key; but of ids none is unless it is given.
/// </summary>
internal sealed class HeldOutOption() : ValueOption<double>("--held-out", Kinds.ShareOf(Limits.From(0).Below(1)),
    "Share held out for evaluation: documents by their hash, or the last windows of ids; by default 2% of text and no ids")
{
    internal double Share(CommandRun run, bool ofIds) => run.Get(this) ?? (ofIds ? 0 : new DataSection().HeldOut);
}
