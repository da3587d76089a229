using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Shared.Inputs;

/// <summary>How text is cut for a model that only reads it: the length of windows, and how many go through at once.</summary>
/// <param name="window">What a window is called.</param>
/// <param name="most">Its length where none is given, at most the model's positions.</param>
internal sealed class WindowsInput(string window, int most)
{
    private readonly ValueOption<int> _sequence = new ValueOption<int>("--sequence", Kinds.Size(),
        $"Tokens per {window}; by default the model's positions, at most {most}").Or("--seq");

    private readonly ValueOption<int> _batch = new("--batch", Kinds.Size(most: 1024),
        $"{char.ToUpperInvariant(window[0])}{window[1..]}s per forward pass; affects only speed and memory", 8);

    internal IReadOnlyList<Option> Options => [_sequence, _batch];

    /// <summary>Windows of one forward pass.</summary>
    internal int Batch(CommandRun run) => run.Get(_batch)!.Value;

    /// <summary>Tokens of a window.</summary>
    /// <param name="run">The command's values.</param>
    /// <param name="model">The model.</param>
    /// <param name="there">Tokens that there are; without the option windows are no longer.</param>
    /// <exception cref="EspalierException">More than the model has positions.</exception>
    internal int Sequence(CommandRun run, DecoderConfig model, long there = long.MaxValue) => run.Get(_sequence) is { } asked
        ? RequirePositions(asked, "the model", model)
        : (int)Math.Max(1, Math.Min(Math.Min(most, model.MaxPositions), there));

    /// <summary>A length that a model has positions for.</summary>
    /// <exception cref="EspalierException">It has fewer.</exception>
    internal static int RequirePositions(int asked, string name, DecoderConfig model) => asked <= model.MaxPositions ? asked
        : throw new EspalierException(
            $"--sequence is {asked}, but {name} has {model.MaxPositions} positions (max_position_embeddings): give at most that many");
}
