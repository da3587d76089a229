using Espalier.Compression.Alignment.Packing;
using Espalier.Compression.Alignment.Preferences;
using Espalier.Compression.Alignment.Reading;
using Espalier.Compression.Alignment.Rollouts;
using Espalier.Compression.Data;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Chat;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Texts;

/// <summary>Conversations to windows of tokens, with what counts in the loss.</summary>
/// <param name="section">What is read, and how.</param>
/// <param name="model">Folder of the model whose tokenizer and chat template it has.</param>
/// <param name="vocabulary">Ids are below it.</param>
internal sealed class AlignDataStage(AlignSection section, string model, int vocabulary)
    : EncodingStage(section.Data, null, section.HeldOut, model)
{
    private ChatTemplate? _template;

    public override string Name => "align-data";

    /// <summary>What the recipe's teacher writes, for <see cref="AlignSection.Synthesized"/>; null where nothing is written.</summary>
    public Slot<ArtefactFile>? Synthesized { get; init; }

    /// <summary>The windows; whoever runs the stage disposes them.</summary>
    public Slot<TokenSets> Tokens { get; } = new("the conversations");

    /// <summary>The pairs to train on, as they stand in the windows; null for conversations.</summary>
    public PreferenceSet? Pairs { get; private set; }

    /// <summary>The pairs that are held out; null where none are.</summary>
    public PreferenceSet? HeldOutPairs { get; private set; }

    /// <summary>The prompts to write to; null where nothing is written.</summary>
    public PromptSet? Prompts { get; private set; }

    /// <summary>The prompts that are held out; null where none are.</summary>
    public PromptSet? HeldOutPrompts { get; private set; }

    /// <summary>What a batch has its rows of: windows, or prompts.</summary>
    public long Rows => Prompts?.Count ?? Tokens.Value.Conversations!.Windows(section.Sequence).Count;

    /// <summary>How much there is, and what was left out; null before it ran.</summary>
    public JsonObject? Found { get; private set; }

    protected override RecordReader Reader => section.IsOnPolicy ? AlignmentRecords.Prompts
        : section.Preference is null ? AlignmentRecords.Conversations : AlignmentRecords.Pairs;

    protected override IEnumerable<string> Read =>
        section.Data.Select(source => source == AlignSection.Synthesized ? Synthesized!.Value.Path : source);

    internal override StageForecast? Forecast() => new(
        Name, $"{string.Join(", ", section.Data)} to windows of {section.Sequence} tokens, {section.HeldOut * 100:0.##} % held out", null,
        null,
        null, null);

    public override void Run(RunContext run)
    {
        if (section.ReadsSynthesized && Synthesized is null)
            throw NothingWritten();
        foreach (var source in section.DataFiles)
            Require(source);
        _template = TemplateOf(section, Folder);
        base.Run(run);
    }

    /// <summary>The template that conversations are written with; null for none.</summary>
    /// <exception cref="EspalierException">It cannot be read.</exception>
    internal static ChatTemplate? TemplateOf(AlignSection section, string model) =>
        section.ChatTemplate == AlignSection.NoTemplate ? null
        : section.TemplateFile is { } file ? ChatTemplate.OfFile(file, model) : ChatTemplate.Find(model);

    /// <summary>The refusal of what nobody writes.</summary>
    internal static EspalierException NothingWritten() => new(
        $"align: data {AlignSection.Synthesized} means the texts written by a recipe's teacher: add a section synthesize to the recipe, "
            + "or give a file");

    /// <summary>Refuses a source that is not there.</summary>
    internal static void Require(string source)
    {
        if (!RecipePaths.IsThere(DocumentSource.PathOf(source)))
            throw new EspalierException($"align: data {source} does not exist; give an existing file, folder or pattern");
    }

    protected override JsonObject Options()
    {
        var options = base.Options();
        (options["sequence"], options["too_long"]) = (section.Sequence, EnumName.Of(section.TooLong));
        if (section.Preference is { } loss)
            options["pairs"] = loss.NeedsRewards ? "with rewards" : "without";
        if (section.IsOnPolicy)
            options["prompts"] = section.RolloutLength.Longest;
        options["template"] = _template is null ? null : TemplateHash();
        return options;
    }

    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        using var task = run.Progress.Begin(Name, Source.TotalBytes, "bytes");
        var skips = new SkipCounts();
        var options = new AlignmentCorpusOptions
        {
            Source = Source,
            Encoder = new(Tokenizer, vocabulary, _template, Folder),
            Tokens = DocumentEncoder.Of(Tokenizer, vocabulary),
            Sequence = section.Sequence,
            TooLong = section.TooLong,
            HeldOut = new(section.HeldOut),
            Skips = skips,
            Progress = BytesRead(task),
        };
        var (train, heldOut) = section.IsOnPolicy ? PromptCorpus.Build(options, section.RolloutLength.Longest, folder.Path, run.Stop)
            : section.Preference is { } loss ? PairCorpus.Build(options, loss.NeedsRewards, folder.Path, run.Stop)
            : ConversationCorpus.Build(options, folder.Path, run.Stop);
        ReportSkips(run, Name, skips);
        var result = new JsonObject();
        Add(result, "train", train);
        if (heldOut is not null)
            Add(result, "held_out", heldOut);
        result["skipped"] = new JsonObject(skips.ToDictionary().Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        return result;
    }

    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        Found = record.Result;
        if (section.IsOnPolicy)
        {
            TakePrompts(record, folder);
            return;
        }
        var train = Open(Corpus.TrainFolder);
        var heldOut = section.HeldOut > 0 ? Open(Corpus.HeldOutFolder) : null;
        Tokens.Value = new(train.Tokens, heldOut?.Tokens, record.OutputHash, null, heldOut is null ? [train] : [train, heldOut])
        {
            Boundaries = train.Boundaries,
            Conversations = train,
            HeldOutConversations = heldOut,
        };

        if (section.Preference is not null)
            (Pairs, HeldOutPairs) = (PairsOf(train, Corpus.TrainFolder), heldOut is null ? null : PairsOf(heldOut, Corpus.HeldOutFolder));

        PreferenceSet PairsOf(WindowStore store, string side)
        {
            var windows = store.Windows(section.Sequence);
            return new(windows, PairStore.Read(Path.Combine(folder, side), windows.Count, section.Sequence + 1));
        }

        WindowStore Open(string side) => WindowStore.Open(Path.Combine(folder, side), vocabulary, Source.Description);
    }

    private void TakePrompts(StageRecord record, string folder)
    {
        var train = Open(Corpus.TrainFolder);
        var heldOut = section.HeldOut > 0 ? Open(Corpus.HeldOutFolder) : null;
        Tokens.Value = new(train, heldOut, record.OutputHash, null, heldOut is null ? [train] : [train, heldOut]);
        (Prompts, HeldOutPrompts) = (new(train), heldOut is null ? null : new(heldOut));

        TokenStore Open(string side) => TokenStore.Open(Path.Combine(folder, side), vocabulary, Source.Description);
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
