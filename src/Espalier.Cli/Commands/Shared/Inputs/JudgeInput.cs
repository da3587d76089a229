using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Evaluation.Conversations;
using Espalier.Evaluation.Judges;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Cli.Commands.Shared.Inputs;

/// <summary>Who grades the answers of judged tasks: a server, or a model of this machine.</summary>
internal sealed class JudgeInput
{
    private readonly TextOption _judge = new("--judge",
        "Judge that grades answers to tasks such as mtbench: the address of an OpenAI-compatible server, with "
            + $"the key in {JudgeEndpoint.KeyVariable}, or a model folder", "ADDRESS|FOLDER");

    private readonly TextOption _model = new("--judge-model", "Name of the model on the server of --judge", "NAME");

    private readonly FlagOption _pairs = new("--judge-pairs",
        "Also have the judge compare each model's answers with the first one's, in both orders, and count wins, losses and ties");

    internal IEnumerable<Option> Options => [_judge, _model, _pairs];

    /// <summary>Whether models' answers are shown beside each other too.</summary>
    internal bool WantsPairs(CommandRun run) => run.Get(_pairs);

    /// <summary>The judge that was named; null where none was.</summary>
    /// <param name="run">The command's values.</param>
    /// <param name="start">Called before weights are loaded.</param>
    /// <exception cref="EspalierException">The address or the folder cannot be a judge.</exception>
    internal NamedJudge? Open(CommandRun run, Action start)
    {
        if (run.Get(_judge) is not { } named)
            return !run.Has(_model) ? null
                : throw new EspalierException($"{_model.Name} was given without {_judge.Name}, the address of the server: give both");
        if (!JudgeEndpoint.IsAddress(named))
            return !run.Has(_model) ? new LocalJudgeInput(named, start).Open(run)
                : throw new EspalierException(
                    $"{_model.Name} is for an address, but {_judge.Name} is the folder {named}: leave it out");
        var model = run.Get(_model) ?? throw new EspalierException(
            $"{_judge.Name} is a server, which may have several models: choose one with {_model.Name}");
        var key = Environment.GetEnvironmentVariable(JudgeEndpoint.KeyVariable);
        var judge = new EndpointJudge(JudgeEndpoint.Of(named, model, string.IsNullOrEmpty(key) ? null : key));
        return new(judge, [], judge);
    }

    private sealed class LocalJudgeInput(string folder, Action start)
    {
        public NamedJudge Open(CommandRun run)
        {
            var checkpoint = Checkpoint.Open(folder).WithNotes(run);
            var weights = new Lazy<PackedWeights>(() =>
            {
                start();
                return PackedWeights.Load(checkpoint, PackedWeights.FormatOf(checkpoint));
            });
            var tokenizer = Tokenizer.Load(folder);
            var judge = new LocalJudge(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))),
                KnownFolder.Hash(folder), checkpoint.Config.MaxPositions,
                () => new(weights.Value, tokenizer, StopIds.Of(checkpoint, tokenizer)), ConversationForm.OwnOrPlain(folder));
            return new(judge, [new("the judge's folder", folder)], new Owned(checkpoint, weights));
        }
    }

    private sealed class Owned(Checkpoint checkpoint, Lazy<PackedWeights> weights) : IDisposable
    {
        public void Dispose()
        {
            if (weights.IsValueCreated)
                weights.Value.Dispose();
            checkpoint.Dispose();
        }
    }
}

/// <summary>A judge with what it holds.</summary>
/// <param name="Judge">The judge.</param>
/// <param name="Reads">What it reads of the disk.</param>
/// <param name="Owned">What is let go with it.</param>
internal sealed record NamedJudge(IJudge Judge, IReadOnlyList<Files.ReadPlace> Reads, IDisposable Owned) : IDisposable
{
    public void Dispose() => Owned.Dispose();
}
