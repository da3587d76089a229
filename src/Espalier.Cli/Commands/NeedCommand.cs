using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Compression.Data;
using Espalier.Compression.Evaluation;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages;

namespace Espalier.Cli.Commands;

/// <summary>Whether a teacher should be corrected before it teaches a text.</summary>
internal sealed class NeedCommand : CommandBase
{
    private readonly Argument<string> teacher = new("teacher") { Description = "Hugging Face folder of the teacher" };
    private readonly TokenInput input = new();

    private readonly Option<string> reference = new("--reference")
    {
        Description = "Text or ids that the teacher is at home in; by default self-written.jsonl in its folder, else text that it writes now",
        HelpName = "PATH",
    };

    private readonly NumberOption threshold = new(
        "--threshold", "Needed where the difference is above this with 95 % confidence, nats a token", "X", CorrectionSection.DefaultThreshold);

    private readonly CountOption seq = new CountOption("--sequence", $"Tokens of a window, at most {CorrectionTest.MostSequence}", CorrectionTest.MostSequence, least: 2, most: CorrectionTest.MostSequence).Or("--seq");
    private readonly CountOption seed = new("--seed", "Seed of text that the teacher writes now", 1, least: 0);
    private readonly ThreadsOption threads = new();

    internal NeedCommand() : base(
        "need",
        "Test whether a teacher needs correction for a text: its loss beyond its own expectation, there and on a reference",
        "espalier need models/quickstart-teacher dotnet-docs",
        "espalier need models/quickstart-teacher docs --reference models/quickstart-teacher/self-written.jsonl --json")
    {
        Arguments.Add(teacher);
        input.AddTo(this);
        foreach (var option in (Option[])[reference, threshold, seq, seed])
            Options.Add(option);
        threads.AddTo(this);
    }

    protected override int Run(CommandRun run)
    {
        var folder = run.Get(teacher)!;
        using var checkpoint = Checkpoint.Open(folder).WithNotes(run);
        checkpoint.CheckFinite(run.Cancellation);
        var length = Math.Min(run.Get(seq)!.Value, checkpoint.Config.MaxPositions);
        using var source = input.Open(run, checkpoint);
        using var given = Reference(run, checkpoint);

        threads.Start(run);
        using var decoder = DecoderWeights.Load(checkpoint);
        var (tokens, name) = given is null ? (NeedStage.Written(run.Progress, decoder, NeedStage.TokenizerOf(folder), length, run.Get(seed)!.Value, run.Cancellation), NeedStage.OwnText) : (given.Tokens, given.Name);
        var result = CorrectionTest.Run(
            decoder, source.Tokens, source.Name, tokens, run.Has(reference) ? name : NeedStage.OwnText, length, run.Get(threshold)!.Value, run.Progress, run.Cancellation);
        run.Write(NeedReport.Of(folder, result), NeedPage.Show);
        return ExitCodes.Done;
    }

    private TokenSource? Reference(CommandRun run, Checkpoint checkpoint)
    {
        if (NeedStage.ReferencePath(checkpoint.Folder, run.Get(reference)) is not { } path)
            return null;
        if (!DataSection.IsIds(path) && path != DotnetDocs.Name && !Path.Exists(DocumentSource.PathOf(path)) && !path.Contains('*'))
            throw new EspalierException($"--reference {path}: not found; name a text that the teacher is at home in, or leave it out");
        return DataSection.IsIds(path)
            ? new TokenSource(TokenIds.Parse(path, checkpoint.Config.VocabularySize))
            : TokenSource.Encode([path], checkpoint, Tokenizer.Load(checkpoint.Folder), run);
    }
}
