using System.CommandLine;
using Espalier.Compression.Data;
using Espalier.Compression.Distillation;
using Espalier.Files;
using Espalier.Pipeline.Recipes;

namespace Espalier.Cli.Commands.Shared;

/// <summary>How a model is trained, and on what: the options that <c>distill</c>, <c>correct</c> and <c>pretrain</c> share.</summary>
internal sealed class TrainingInput
{
    private const int DefaultSteps = 200;

    private readonly TrainingScope scope;
    private readonly KeyOptions<TrainingSection> keys;
    private readonly KeyOptions<HiddenStateOptions> hidden = new(HiddenKeys.Keys, new(), "hidden-");
    private readonly TokenInput input = new();

    private readonly Option<string> order = new("--order")
    {
        Description = "Order of the windows: shuffled (by --seed), sequential (0, 1, 2, ...), or a file of window numbers (.i32)",
        HelpName = "shuffled|sequential|FILE.i32",
        DefaultValueFactory = _ => "shuffled",
    };

    private readonly CountOption seq = new CountOption("--sequence", "Tokens of a window; window w is ids[w (N + 1)] to ids[w (N + 1) + N]", 256).Or("--seq");
    private readonly ChoiceOption<DocumentContext> documents = new(
        "--documents", "Whether tokens see documents before their own in a window (cross) or not, with positions that begin anew (separate; of ids a document ends with EOS)",
        DocumentContext.Cross, ("cross", DocumentContext.Cross), ("separate", DocumentContext.Separate));

    private readonly CountOption seed = new("--seed", "Seed of the order (and of random weights)", 1, least: 0);
    private readonly NumberOption heldOut = new("--held-out", "Share held out to evaluate on: of documents by their hash, of ids the last windows; by default 2% of text and nothing of ids", "SHARE");
    /// <summary>The options of a training whose keys mean what a scope says, apart from its windows' length.</summary>
    internal TrainingInput(TrainingScope scope)
    {
        this.scope = scope;
        keys = new(
            [.. scope.HasLoss ? TrainingSection.KeysOfLoss() : [], .. TrainingSection.KeysOf(scope)],
            new() { Steps = DefaultSteps, LearningRate = scope.LearningRate });
    }

    internal void AddTo(Command command)
    {
        input.AddTo(command);
        foreach (var option in (Option[])[order, seq, documents])
            command.Options.Add(option);
        keys.AddTo(command);
        if (scope.HasLoss)
            hidden.AddTo(command);
        foreach (var option in (Option[])[seed, heldOut])
            command.Options.Add(option);
    }

    /// <summary>What is read, as what no output may touch.</summary>
    internal IEnumerable<ReadPlace> Places(CommandRun run) =>
        input.Places(run).Concat(File.Exists(run.Get(order)) ? [new("the order", run.Get(order)!)] : []);

    internal long Seed(CommandRun run) => run.Get(seed)!.Value;

    internal int Sequence(CommandRun run) => run.Get(seq)!.Value;

    /// <summary>What to train on.</summary>
    /// <exception cref="EspalierException">Nothing or both were given, or a share that is none.</exception>
    internal DataSection Data(CommandRun run)
    {
        var (text, ids) = input.Given(run);
        var share = run.Get(heldOut) ?? (ids is null ? 0.02 : 0);
        if (share is < 0 or >= 1)
            throw new EspalierException($"--held-out is {share} and must be at least 0 and below 1, such as 2%");
        return new() { Train = ids is null ? text : [ids], Field = input.Field(run), HeldOut = share, Sequence = Sequence(run), Documents = run.Get(documents)!.Value };
    }

    /// <summary>How to train, as a recipe with the same keys would say.</summary>
    internal TrainingSection Section(CommandRun run)
    {
        var given = keys.Given(run).ToList();
        if (!given.Any(entry => entry.Key is "steps" or "tokens"))
            given.Add(("steps", new YamlText($"{DefaultSteps}", Quoted: true, Line: 0)));
        if (scope.HasLoss && hidden.Given(run).ToArray() is { Length: > 0 } states)
            given.Add(("hidden", new YamlMap([.. states.Select(entry => (new YamlText(entry.Key, Quoted: true, Line: 0), entry.Value))], Line: 0)));
        return TrainingSection.Read(SectionFields.OfOptions(given, scope.HasLoss ? TrainingSection.Distill : CorrectionSection.Section), scope with { Sequence = Sequence(run) });
    }

    /// <summary>The order, and its name for the stage's key.</summary>
    internal (Func<long, SampleOrder> Make, string Name) Order(CommandRun run)
    {
        var seedOfOrder = Seed(run);
        return run.Get(order) switch
        {
            "shuffled" => (windows => SampleOrder.Shuffled(windows, seedOfOrder), "shuffled"),
            "sequential" => (SampleOrder.Sequential, "sequential"),
            var file when File.Exists(file) => (windows => SampleOrder.FromFile(file!, windows), ContentHash.OfFile(file!)),
            var other => throw new EspalierException(
                $"--order is '{other}', it must be shuffled, sequential or a file of window numbers.{NearestName.Hint(other!, ["shuffled", "sequential"])}"),
        };
    }
}
