using System.Text.Json.Nodes;
using Espalier.Compression.Alignment.Packing;
using Espalier.Compression.Alignment.Reading;
using Espalier.Compression.Data;
using Espalier.Compression.Training.Saving;
using Espalier.Files;
using Espalier.Models.Chat;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages;

/// <summary>Conversations to windows of tokens, with what counts in the loss.</summary>
/// <param name="section">What is read, and how.</param>
/// <param name="model">Folder of the model whose tokenizer and chat template it has.</param>
/// <param name="vocabulary">Ids are below it.</param>
internal sealed class AlignDataStage(AlignSection section, string model, int vocabulary)
    : EncodingStage(section.Data, null, section.HeldOut, model)
{
    private ChatTemplate? _template;

    /// <inheritdoc/>
    public override string Name => "align-data";

    /// <summary>The windows; whoever runs the stage disposes them.</summary>
    public Slot<TokenSets> Tokens { get; } = new("the conversations");

    /// <summary>How much there is, and what was left out; null before it ran.</summary>
    public JsonObject? Found { get; private set; }

    /// <inheritdoc/>
    protected override RecordReader Reader => AlignmentRecords.Conversations;

    internal override StageForecast? Forecast() => new(
        Name, $"{string.Join(", ", section.Data)} to windows of {section.Sequence} tokens, {section.HeldOut * 100:0.##} % held out", null,
        null,
        null, null);

    /// <inheritdoc/>
    public override void Run(RunContext run)
    {
        foreach (var source in section.Data)
            Require(source);
        _template = TemplateOf(section, Folder);
        base.Run(run);
    }

    /// <summary>The template that conversations are written with; null for none.</summary>
    /// <exception cref="EspalierException">It cannot be read.</exception>
    internal static ChatTemplate? TemplateOf(AlignSection section, string model) =>
        section.ChatTemplate == AlignSection.NoTemplate ? null
        : section.TemplateFile is { } file ? ChatTemplate.OfFile(file, model) : ChatTemplate.Find(model);

    /// <summary>Refuses a source that is not there.</summary>
    internal static void Require(string source)
    {
        if (!RecipePaths.IsThere(DocumentSource.PathOf(source)))
            throw new EspalierException($"align: data {source} does not exist; name a file, folder or pattern that does");
    }

    /// <inheritdoc/>
    protected override JsonObject Options()
    {
        var options = base.Options();
        (options["sequence"], options["too_long"]) = (section.Sequence, EnumName.Of(section.TooLong));
        options["template"] = _template is null ? null : TemplateHash();
        return options;
    }

    /// <inheritdoc/>
    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        using var task = run.Progress.Begin(Name, Source.TotalBytes, "bytes");
        var skips = new SkipCounts();
        var (train, heldOut) = ConversationCorpus.Build(new()
        {
            Source = Source,
            Encoder = new(Tokenizer, vocabulary, _template, Folder),
            Tokens = DocumentEncoder.Of(Tokenizer, vocabulary),
            Sequence = section.Sequence,
            TooLong = section.TooLong,
            HeldOut = new(section.HeldOut),
            Skips = skips,
            Progress = BytesRead(task),
        }, folder.Path, run.Stop);
        ReportSkips(run, Name, skips);
        var result = new JsonObject();
        Add(result, "train", train);
        if (heldOut is not null)
            Add(result, "held_out", heldOut);
        result["skipped"] = new JsonObject(skips.ToDictionary().Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        return result;
    }

    /// <inheritdoc/>
    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        Found = record.Result;
        var train = Open(Corpus.TrainFolder);
        var heldOut = section.HeldOut > 0 ? Open(Corpus.HeldOutFolder) : null;
        Tokens.Value = new(train.Tokens, heldOut?.Tokens, record.OutputHash, null, heldOut is null ? [train] : [train, heldOut])
        {
            Boundaries = train.Boundaries,
            Conversations = train,
            HeldOutConversations = heldOut,
        };

        WindowStore Open(string side) => WindowStore.Open(Path.Combine(folder, side), vocabulary, Source.Description);
    }

    private static void Add(JsonObject result, string side, AlignmentSide found)
    {
        (result[$"{side}_conversations"], result[$"{side}_windows"]) = (found.Conversations, found.Windows);
        (result[$"{side}_tokens"], result[$"{side}_counted_tokens"]) = (found.Tokens, found.Counted);
    }

    // The template and what it hands to it: special tokens stand in the tokenizer's settings.
    private string TemplateHash()
    {
        var sources = section.TemplateFile is { } file ? [ChatTemplateFiles.Read(file).Text]
            : ChatTemplateFiles.All(Folder).OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => $"{entry.Key}\n{entry.Value.Text}");
        var settings = new[] { "tokenizer_config.json", "special_tokens_map.json" }.Select(name => Path.Combine(Folder, name))
            .Where(File.Exists).Select(ContentHash.OfFile);
        return ContentHash.OfText(string.Join('\n', sources.Concat(settings)));
    }
}
