using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Compression.Importance.Streaming;
using Espalier.Files;
using Espalier.Models;

namespace Espalier.Cli.Commands.Shared.Inputs;

/// <summary><c>--stream</c> and <c>--memory</c>: how scoring gets by with the memory there is.</summary>
internal sealed class MemoryInput
{
    private readonly Option<bool> _stream = new("--stream")
    {
        Description = "Read the model layer by layer instead of loading it, even if it fits in memory; the scores are the same",
    };

    private readonly Option<long?> _memory = new("--memory")
    {
        Description =
            "What scoring may take, such as 4GB; a model whose float32 weights are "
                + "larger is read layer by layer [default: 60 % of what is free]",
        HelpName = "SIZE",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            // Without a unit it would be so many bytes.
            if (char.IsLetter(text, text.Length - 1) && Quantity.Bytes(text) is > 0 and < long.MaxValue and { } bytes)
                return (long)bytes;
            result.AddError($"--memory is '{text}', it must be a size such as 500MB, 4GB or 3.5GB");
            return null;
        },
    };

    internal void AddTo(Command command)
    {
        command.Options.Add(_stream);
        command.Options.Add(_memory);
    }

    internal ScoringMemory Choose(CommandRun run, DecoderConfig model) => ScoringMemory.For(model, run.Get(_memory), run.Get(_stream));

    /// <summary>Where what does not fit goes: beside the output, else where temporary files go.</summary>
    internal static string FolderBeside(string? output) =>
        output is not null && Path.GetDirectoryName(Path.GetFullPath(output)) is { } parent && Directory.Exists(parent) ? parent
            : Path.GetTempPath();
}
