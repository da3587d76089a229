using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Compression.Data;
using Espalier.Compression.Distillation.Caching;
using Espalier.Files;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages;

namespace Espalier.Cli.Commands;

/// <summary>Writes a teacher's distributions to disk, to distil from without the teacher.</summary>
internal sealed class CacheCommand : CommandBase
{
    private readonly Argument<string> teacher = new("teacher") { Description = "Hugging Face folder of the teacher" };
    private readonly TokenInput input = new();

    private readonly OutputOption output = new("--output", "Folder to write; FOLDER.run beside it keeps the tokens", "FOLDER", required: true);

    private readonly KeyOptions<CacheSection> kept = new(CacheSection.Keys, new());
    private readonly NumberOption temperature = new("--temperature", "Divides the logits; training must use the same", "T", 1.0);
    private readonly CountOption seq = new CountOption("--sequence", "Tokens of a window", 256).Or("--seq");
    private readonly CountOption windows = new("--windows", "Keep the first windows only; by default all");
    private readonly NumberOption heldOut = new("--held-out", "Share held out, as distill is told; by default 2% of text and nothing of ids", "SHARE");
    private readonly ChoiceOption<DocumentContext> documents = new(
        "--documents", "Whether tokens see documents before their own in a window, as distill is told", DocumentContext.Cross,
        ("cross", DocumentContext.Cross), ("separate", DocumentContext.Separate));

    private readonly CountOption seed = new("--seed", "Seed of the draws", 1, least: 0);
    private readonly ThreadsOption threads = new();

    internal CacheCommand() : base(
        "cache",
        "Write a teacher's distributions on a text to disk, to distil from them without the teacher",
        "espalier cache models/quickstart-teacher dotnet-docs --encoding top-k --k 64 --output cache",
        "espalier cache models/quickstart-teacher --ids tests/golden/quickstart-teacher/self-written.ids.i32 --sequence 256 --encoding top-k-samples --k 16 --samples 16 --output sampled --json")
    {
        Arguments.Add(teacher);
        input.AddTo(this);
        Options.Add(output);
        kept.AddTo(this);
        foreach (var option in (Option[])[temperature, seq, windows, heldOut, documents, seed])
            Options.Add(option);
        threads.AddTo(this);
    }

    protected override int Run(CommandRun run)
    {
        var path = run.Get(teacher)!;
        var folder = output.FolderWithRun(run, [new("the teacher's folder", path), .. input.Places(run)]);
        using var checkpoint = Checkpoint.Open(path).Told(run);
        checkpoint.CheckFinite(run.Cancellation);
        var (text, ids) = input.Given(run);
        var (length, tau) = (run.Get(seq)!.Value, run.Get(temperature)!.Value);
        if (tau <= 0)
            throw new EspalierException($"--temperature is {tau} and must be above 0");
        if (length > checkpoint.Config.MaxPositions)
            throw new EspalierException($"--sequence is {length} and {path} has {checkpoint.Config.MaxPositions} positions (max_position_embeddings): give at most that");
        var data = new DataSection
        {
            Train = ids is null ? text : [ids],
            Field = input.Field(run),
            HeldOut = run.Get(heldOut) ?? (ids is null ? 0.02 : 0),
            Sequence = length,
            Documents = run.Get(documents)!.Value,
        };
        var section = CacheSection.Read(SectionFields.OfOptions(kept.Given(run), CacheSection.Section));
        CacheWriter.Require(folder);
        threads.Start(run);

        var report = RunContext.Within($"{folder}.run", "cache", run.Get(seed)!.Value, run.Progress, context =>
        {
            var stage = new DataStage(data, path, checkpoint.Config.VocabularySize);
            context.Walk([stage]);
            using var tokens = stage.Tokens.Value;
            var all = new WindowSet(tokens.Train, length, boundaries: tokens.Boundaries);
            var count = Math.Min(run.Get(windows) ?? all.Count, all.Count);
            var guide = ModelFolder.Given("teacher", path);
            var key = CacheStage.KeyOf(guide, section, tau, tokens, length, run.Get(seed)!.Value);
            run.Progress.Note($"cache: {count} windows of {length} tokens, {Units.Bytes(new CacheLayout(key).BytesFor(count))}");
            using var model = guide.Load();
            CacheWriter.Run(folder, key, model, all, [.. Enumerable.Range(0, checked((int)count)).Select(window => (long)window)], context.Progress, context.Stop);
            return CacheReport.Of(folder, key, count);
        }, run.Cancellation);
        run.Write(report, CachePage.Show);
        return ExitCodes.Done;
    }
}
