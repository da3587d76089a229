using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Data.Xml;
using Espalier.Compression.Training.Saving;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Texts;

/// <summary>A text to evaluate on.</summary>
/// <param name="Name">Its name in tables.</param>
/// <param name="Tokens">Its ids.</param>
/// <param name="Hash">What determines them.</param>
/// <param name="BytesPerToken">UTF-8 bytes a token, or null.</param>
internal sealed record EvaluationText(string Name, ITokens Tokens, string Hash, double? BytesPerToken);

/// <summary>The tokens of one text, all of them: something to evaluate on.</summary>
/// <param name="name">Its name in tables.</param>
/// <param name="source">Text, or ids, which are taken as they are.</param>
/// <param name="tokenizerFolder">Folder of the tokenizer.</param>
/// <param name="vocabulary">Ids are below it.</param>
internal sealed class TextStage(string name, string source, string tokenizerFolder, int vocabulary)
    : EncodingStage([source], null, 0, tokenizerFolder)
{
    public override string Name => $"text-{name}";

    public override bool HasFolder => !DataSection.IsIds(source);

    /// <summary>The text; whoever runs the stage disposes its tokens.</summary>
    public Slot<EvaluationText> Text { get; } = new(name);

    public override void Run(RunContext run)
    {
        if (source != DotnetDocs.Name && !RecipePaths.IsThere(source))
            throw new EspalierException($"evaluate: {name} reads {source}, which does not exist; give a text with '{name}: PATH'");
        if (HasFolder)
            base.Run(run);
        else
            Text.Value = new(name, TokenIds.Parse(source, vocabulary), run.Watch(HashedFiles.OfFile(source)), null);
    }

    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint) =>
        EncodeAll(run, folder, $"text {name}", source, vocabulary);

    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        var store = TokenStore.Open(Path.Combine(folder, "tokens"), vocabulary, source);
        Text.Value = new(name, store, record.OutputHash, BytesPerToken(store));
    }
}
