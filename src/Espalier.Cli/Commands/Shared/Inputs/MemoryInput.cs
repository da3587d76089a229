using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Compression.Importance.Streaming;

namespace Espalier.Cli.Commands.Shared.Inputs;

/// <summary><c>--stream</c> and <c>--memory</c>: how scoring gets by with the memory there is.</summary>
internal sealed class MemoryInput
{
    private readonly FlagOption _stream = new("--stream",
        "Read the model layer by layer instead of loading it, even if it fits in memory; the scores are the same");

    private readonly SizeOption _memory = new("--memory",
        "Memory that scoring may take, such as 4GB; a model whose float32 weights are larger is read layer by layer [default: 60 % of "
            + "free memory]");

    internal IEnumerable<Option> Options => [_stream, _memory];

    internal ScoringMemory Choose(CommandRun run, DecoderConfig model) => ScoringMemory.For(model, run.Get(_memory), run.Get(_stream));

    /// <summary>Where what does not fit goes: beside the output, else where temporary files go.</summary>
    internal static string FolderBeside(string? output) =>
        output is not null && Path.GetDirectoryName(Path.GetFullPath(output)) is { } parent && Directory.Exists(parent) ? parent
            : Path.GetTempPath();
}
