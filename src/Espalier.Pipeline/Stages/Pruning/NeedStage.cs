using System.Text.Json.Serialization.Metadata;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Data.Xml;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Tokenizers;
using Espalier.Models.Tokenizers.Formats;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;

namespace Espalier.Pipeline.Stages.Pruning;

/// <summary>
/// Whether the teacher needs correction: its loss beyond its own expectation on held-out text against that on a reference.
/// </summary>
/// <param name="teacher">The teacher.</param>
/// <param name="folder">Its folder.</param>
/// <param name="section">Reference and threshold.</param>
/// <param name="data">Tokens; the held-out ones are looked at.</param>
/// <param name="sequence">Tokens of a window.</param>
/// <param name="seed">Of text that the teacher writes now.</param>
internal sealed class NeedStage(ModelSlot teacher, string folder, CorrectionSection section, Slot<TokenSets> data, int sequence, long seed)
    : Stage
{
    internal const string SelfWrittenFile = "self-written.jsonl";

    /// <summary>The name of a reference that the teacher wrote.</summary>
    public const string OwnText = "what it wrote itself";

    private static readonly JsonSerializerOptions s_json = new()
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower
    };

    private EvaluationText? _reference;

    public override string Name => "need";

    /// <summary>What the text that is looked at is called.</summary>
    public string DataName { get; init; } = "held-out text";

    /// <summary>Whether it says what it found; not where a command's result is that.</summary>
    public bool SaysVerdict { get; init; } = true;

    public Slot<CorrectionTestResult> Found { get; } = new("the test of the teacher");

    internal override StageForecast? Forecast()
    {
        var window = Math.Min(sequence, CorrectionTest.MostSequence);
        var written = ReferencePath(folder, section.Reference) is null;
        // Generated text goes through the teacher once to be written and once to be judged.
        var tokens = (long)window
            * (CorrectionTest.MostWindows + (written ? 2 * CorrectionTest.WrittenWindows : CorrectionTest.MostWindows));
        var reference = written ? "text that the teacher writes now" : section.Reference ?? "what the teacher wrote itself";
        return new(Name,
            $"corrects the teacher only if its loss above its own expectation is, on held-out text, more than {section.Threshold:0.###} nats "
                + $"per token above that on {reference}",
            null, tokens, teacher.Planned.ForwardFlopsPerToken(sequence) * tokens, TrainingForecast.WeightBytes(teacher.Planned))
        { Model = ModelForecast.Of(teacher.Planned, sequence) };
    }

    public override void Run(RunContext run)
    {
        if (data.Value.HeldOut is null)
            throw new EspalierException(
                "correct: auto needs held-out text, but data.held-out is 0: hold out a share, or write always or never");
        _reference = Reference(run);
        try
        {
            base.Run(run);
        }
        finally
        {
            (_reference?.Tokens as IDisposable)?.Dispose();
        }
    }

    protected override JsonObject Options()
    {
        var options = CorrectionSection.Keys().StageOptions(section);
        options["sequence"] = sequence;
        if (_reference is { } given)
            options["reference"] = given.Name;
        else
            options["seed"] = seed;
        return options;
    }

    protected override IEnumerable<(string Name, string Hash)> Inputs()
    {
        yield return ("teacher", teacher.Value.Hash);
        yield return ("data", data.Value.Hash);
        if (_reference is { } given)
            yield return ("reference", given.Hash);
    }

    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        using var model = teacher.Value.Load();
        var (tokens, name) = _reference is { } there ? (there.Tokens, there.Name)
            : (Written(run.Progress, model, TokenizerOf(teacher.Value.Path), sequence, seed, run.Stop), OwnText);
        var heldOut = data.Value.HeldOut!;
        var result =
            CorrectionTest.Run(model, new TokenRange(heldOut, 0, heldOut.Count), DataName, tokens, name, sequence, section.Threshold,
                run.Progress, run.Stop);
        return (JsonObject)JsonSerializer.SerializeToNode(result, s_json)!;
    }

    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        Found.Value = record.Result.Deserialize<CorrectionTestResult>(s_json)!;
        if (SaysVerdict)
            run.Progress.Note($"need: {Found.Value.Why}");
    }

    /// <summary>The reference where there is one: that of the recipe, else what lies in the teacher's folder.</summary>
    public static string? ReferencePath(string teacher, string? given) =>
        given ?? (File.Exists(Path.Combine(teacher, SelfWrittenFile)) && TokenizerSource.IsIn(teacher)
            ? Path.Combine(teacher, SelfWrittenFile) : null);

    /// <summary>The tokenizer of a folder, where it has one.</summary>
    public static Tokenizer? TokenizerOf(string folder) =>
        TokenizerSource.IsIn(folder) ? Tokenizer.Load(folder) : null;

    private EvaluationText? Reference(RunContext run)
    {
        if (ReferencePath(folder, section.Reference) is not { } path)
            return null;
        if (path != DotnetDocs.Name && !RecipePaths.IsThere(path))
            throw new EspalierException(
                $"correct.reference: {path} does not exist; give a text that the teacher knows well, or leave it out");
        var text = new TextStage("reference", path, folder, teacher.Planned.VocabularySize);
        text.Run(run);
        return text.Text.Value with { Name = section.Reference is null ? OwnText : Path.GetFileName(path) };
    }

    /// <summary>A reference that the teacher writes now, and word of what that costs.</summary>
    public static ITokens Written(IProgressReporter progress, Models.Decoder model, Tokenizer? tokenizer, int sequence, long seed,
        CancellationToken stop)
    {
        var tokens = CorrectionTest.WrittenWindows * Math.Min(sequence, CorrectionTest.MostSequence) + 1;
        progress.Note(
            $"need: no reference text was given, so the teacher writes {tokens} "
                + "tokens itself, one forward pass each; give a text that it knows well to avoid this");
        return SelfWritten.Write(model, tokens, Math.Min(sequence, CorrectionTest.MostSequence), seed, tokenizer, progress, stop);
    }
}
