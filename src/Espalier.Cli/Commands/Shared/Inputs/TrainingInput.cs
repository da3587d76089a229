using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;

namespace Espalier.Cli.Commands.Shared.Inputs;

/// <summary>How a model is trained, and on what: the options that <c>distill</c>, <c>correct</c> and <c>pretrain</c> share.</summary>
internal sealed class TrainingInput
{
    private const int DefaultSteps = 200;

    private readonly TrainingScope _scope;
    private readonly KeyOptions<TrainingSection> _keys;
    private readonly KeyOptions<HiddenStateOptions> _hidden = new(HiddenKeys.Keys, new(), "hidden-");
    private readonly TokenInput _input = new();

    private readonly Option<string> _order = new("--order")
    {
        Description = "Order of the windows: shuffled (by --seed), sequential (0, 1, 2, ...), or a file of window numbers (.i32)",
        HelpName = "shuffled|sequential|FILE.i32",
        DefaultValueFactory = _ => "shuffled",
    };

    private readonly KeyOptions<DataSection> _cut = new(DataSection.Keys, new());
    private readonly SeedOption _seed = new("the order (and of random weights)");
    private readonly HeldOutOption _heldOut = new();

    /// <summary>The options of a training whose keys mean what a scope says, apart from its windows' length.</summary>
    internal TrainingInput(TrainingScope scope)
    {
        this._scope = scope;
        _keys = new(
            [.. scope.HasLoss ? TrainingSection.KeysOfLoss() : [], .. TrainingSection.KeysOf(scope)],
            new() { Steps = DefaultSteps, LearningRate = scope.LearningRate });
    }

    internal IEnumerable<Symbol> Symbols =>
        [.. _input.Symbols, _order, .. _cut.Options, .. _keys.Options, .. _scope.HasLoss ? _hidden.Options : [], _seed, _heldOut];

    /// <summary>What is read, as what no output may touch.</summary>
    internal IEnumerable<ReadPlace> Places(CommandRun run) =>
        _input.Places(run).Concat(File.Exists(run.Get(_order)) ? [new("the order", run.Get(_order)!)] : []);

    internal long Seed(CommandRun run) => _seed.Get(run);

    internal int Sequence(CommandRun run) => Cut(run).Sequence;

    /// <summary>What to train on.</summary>
    /// <exception cref="EspalierException">Nothing or both were given, or a share that is none.</exception>
    internal DataSection Data(CommandRun run) => _heldOut.Data(run, _input, Cut(run));

    /// <summary>How to train, as a recipe with the same keys would say.</summary>
    internal TrainingSection Section(CommandRun run)
    {
        var given = _keys.Given(run).ToList();
        if (!given.Any(entry => entry.Key is "steps" or "tokens"))
            given.Add(("steps", new YamlText($"{DefaultSteps}", Quoted: true, Line: 0)));
        if (_scope.HasLoss && _hidden.Given(run).ToArray() is { Length: > 0 } states)
            given.Add(
                ("hidden",
                    new YamlMap([.. states.Select(entry => (new YamlText(entry.Key, Quoted: true, Line: 0), entry.Value))], Line: 0)));
        return TrainingSection.Read(SectionFields.OfOptions(given, _scope.HasLoss ? TrainingSection.Distill : CorrectionSection.Section),
            _scope with { Sequence = Sequence(run) });
    }

    /// <summary>The order, and its name for the stage's key.</summary>
    internal (Func<long, SampleOrder> Make, string Name) Order(CommandRun run)
    {
        var seedOfOrder = Seed(run);
        return run.Get(_order) switch
        {
            "shuffled" => (windows => SampleOrder.Shuffled(windows, seedOfOrder), "shuffled"),
            "sequential" => (SampleOrder.Sequential, "sequential"),
            var file when File.Exists(file) => (windows => SampleOrder.FromFile(file!, windows), ContentHash.OfFile(file!)),
            var other => throw new EspalierException(
                $"--order is '{other}'; it must be shuffled, sequential or a file of window numbers."
                    + $"{NearestName.Hint(other!, ["shuffled", "sequential"])}"),
        };
    }

    private DataSection Cut(CommandRun run) => _cut.Read(run, DataSection.Section);
}
