using System.Globalization;
using Espalier.Cli.Rendering;
using Espalier.Compression.Importance;

namespace Espalier.Cli.Commands;

/// <summary>What <c>score</c> shows to a person: how much lies on each layer, and how unequal its units are.</summary>
internal static class ScorePage
{
    internal static void Show(Page page, ImportanceScores scores, string model, string? file)
    {
        page.Heading($"{model}: {scores.How}{(scores.Samples > 0 ? $", {scores.Samples} samples of {scores.SampleLength} tokens" : "")}");
        var table = new TextTable(
            new("layer", Number: true), new(scores.Method == ScoreMethod.Activation ? "block influence" : "all weights", Number: true),
            new("head, least", Number: true), new("most", Number: true), new("neuron, least", Number: true), new("median", Number: true), new("most", Number: true));
        for (var layer = 0; layer < scores.BlockInfluence[1].Length; layer++)
        {
            var (heads, neurons) = (scores.Heads[layer], scores.Neurons[layer]);
            table.Add(
                layer.ToString(CultureInfo.InvariantCulture), Digits(scores.BlockInfluence[1][layer]),
                Digits(heads.Min()), Digits(heads.Max()), Digits(neurons.Min()), Digits(neurons.Order().ElementAt(neurons.Length / 2)), Digits(neurons.Max()));
        }
        page.Table(table);
        var channels = scores.Channels;
        page.Line($"{channels.Length} channels: least {Digits(channels.Min())}, median {Digits(channels.Order().ElementAt(channels.Length / 2))}, most {Digits(channels.Max())}");
        page.Line(file is not null ? $"wrote {file}" : "--output FILE.json keeps the scores for prune --scores; --json prints all of them");
    }

    private static string Digits(double value) => value.ToString("G4", CultureInfo.InvariantCulture);
}
