using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Rendering;
using Espalier.Compression.Training.Profiling;

namespace Espalier.Cli.Commands.Shared;

/// <summary>What <c>--profile</c> shows to a person.</summary>
internal static class ProfilePage
{
    internal static void Show(Page page, IReadOnlyList<StepProfile>? profiles)
    {
        foreach (var profile in profiles ?? [])
        {
            page.Line(
                Text($"{profile.Stage}: a step of {Units.Count(profile.Tokens)} tokens, mean of {profile.Steps}; a large product does {profile.ProductGflops:0} GFLOP/s"));
            page.Table(Table(profile));
            page.Line();
        }
    }

    private static TextTable Table(StepProfile profile)
    {
        var table = new TextTable("phase", ">ms", ">share", ">GFLOP/s", ">of product", ">page faults", ">managed bytes");
        foreach (var row in profile.Phases)
            Add(row.Phase.ToString().ToLowerInvariant(), row.Seconds, row.Share, row.Gflops, row.ShareOfProduct, row.PageFaults,
                row.ManagedBytes);
        Add("step", profile.Seconds, 1, profile.Gflops, profile.ShareOfProduct, profile.PageFaults, profile.ManagedBytes);
        return table;

        void Add(string name, double seconds, double share, double? gflops, double? ofProduct, double faults, double bytes) => table.Add(
            name, Text($"{1000 * seconds:0.0}"), Text($"{share:0.0%}"), gflops is null ? "" : Text($"{gflops:0}"), ofProduct is null ? ""
                : Text($"{ofProduct:0%}"),
            Text($"{faults:0}"), Text($"{bytes:0}"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
