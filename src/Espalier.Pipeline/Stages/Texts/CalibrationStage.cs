using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Training.Saving;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Texts;

/// <summary>The tokens that models are scored on, where they are not those of the training text.</summary>
/// <param name="source">Text, or ids, which are taken as they are.</param>
/// <param name="tokenizerFolder">Folder of the tokenizer.</param>
/// <param name="vocabulary">Ids are below it.</param>
internal sealed class CalibrationStage(string source, string tokenizerFolder, int vocabulary)
    : EncodingStage([source], null, 0, tokenizerFolder)
{
    public override string Name => "calibration";

    public override bool HasFolder => !DataSection.IsIds(source);

    /// <summary>The tokens; whoever runs the stage disposes them.</summary>
    public Slot<TokenSets> Tokens { get; } = new("the calibration text");

    internal override StageForecast? Forecast() => new(Name, $"{source} to tokens", null, null, null, null);

    public override void Run(RunContext run)
    {
        if (HasFolder)
            base.Run(run);
        else
        {
            var ids = TokenIds.Parse(source, vocabulary);
            Tokens.Value = new(ids, null, run.Watch(HashedFiles.OfFile(source)), null, ids is IDisposable closing ? [closing] : []);
        }
    }

    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint) =>
        EncodeAll(run, folder, "calibration", source, vocabulary);

    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        var store = TokenStore.Open(Path.Combine(folder, "tokens"), vocabulary, $"data.calibration {source}");
        Tokens.Value = new(store, null, record.OutputHash, null, [store]);
    }
}
