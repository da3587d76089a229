using Espalier.Models.Chat;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Generation.Sampling;
using Espalier.Models.Serving;
using Espalier.Models.Tokenizers;
using Espalier.Server.Requests;
using Espalier.Server.Tools;

namespace Espalier.Server.Loading;

/// <summary>A model that answers: its weights, what turns texts into ids and back, and the engine. Dispose it.</summary>
internal sealed class ServedModel : IDisposable
{
    private readonly PackedWeights _weights;

    private ServedModel(Checkpoint checkpoint, string name, ChatTemplate? template, PackedWeights weights, ServingEngine engine)
    {
        (Name, Template, Engine, _weights) = (name, template, engine, weights);
        Tokenizer = Tokenizer.Load(checkpoint.Folder);
        Bytes = new(Tokenizer);
        StopIds = Espalier.Models.Generation.StopIds.Of(checkpoint, Tokenizer);
        Defaults = ReadDefaults(new(checkpoint));
        IsInChannels = template is not null && ChannelText.IsMeant(template.Source(hasTools: false));
        Grammars = new(Tokenizer, checkpoint.Config.VocabularySize, StopIds, IsInChannels);
        FormWithTools = template is null ? null : ToolForms.Of(template.Source(hasTools: true));
    }

    /// <summary>What requests call it.</summary>
    public string Name { get; }

    /// <summary>When it was loaded.</summary>
    public DateTimeOffset Created { get; } = DateTimeOffset.UtcNow;

    public Tokenizer Tokenizer { get; }

    /// <summary>The bytes of its tokens.</summary>
    public TokenBytes Bytes { get; }

    /// <summary>Its chat template; null where it has none.</summary>
    public ChatTemplate? Template { get; }

    /// <summary>Whether it answers chats in channels (<see cref="ChannelText"/>).</summary>
    public bool IsInChannels { get; }

    /// <summary>How it writes calls where tools are given; null where its template has none.</summary>
    public ToolForm? FormWithTools { get; }

    /// <summary>Ids that end a text.</summary>
    public IReadOnlySet<int> StopIds { get; }

    /// <summary>How ids are chosen where a request does not say: as in generation_config.json, else at temperature 1.</summary>
    public SamplingOptions Defaults { get; }

    /// <summary>What runs it.</summary>
    public ServingEngine Engine { get; }

    /// <summary>What its matrices are kept in.</summary>
    public WeightFormat Format => _weights.Format;

    /// <summary>What keeps answers to a form.</summary>
    public ServedGrammars Grammars { get; }

    /// <summary>The ids of a prompt.</summary>
    /// <param name="field">The field of the body that has it.</param>
    /// <exception cref="RequestException">The model has no logits for one of them.</exception>
    public int[] Encode(Prompt prompt, string field) => RequestException.Guard(field, () =>
    {
        var ids = prompt.Ids ?? Tokenizer.Encode(prompt.Text!);
        if (prompt.Text is not null)
            Tokenizer.RequireRows(ids, Engine.Config.VocabularySize, field);
        return ids;
    });

    /// <summary>Loads a folder and starts the engine.</summary>
    /// <param name="checkpoint">The folder, open; it may be closed afterwards.</param>
    /// <exception cref="EspalierException">It cannot be served; the message says why.</exception>
    public static ServedModel Load(Checkpoint checkpoint, ServedModelOptions options)
    {
        var template = options.ChatTemplate is { } path ? ChatTemplate.OfFile(path, checkpoint.Folder)
            : ChatTemplate.Find(checkpoint.Folder);
        template?.Check();
        var weights = PackedWeights.Load(checkpoint, options.Weights ?? PackedWeights.FormatOf(checkpoint));
        ServingEngine? engine = null;
        try
        {
            engine = new(weights, options.Fitting(checkpoint.Config, MemoryInfo.Read().Available));
            return new(checkpoint, options.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(checkpoint.Folder))),
                template, weights, engine);
        }
        catch
        {
            engine?.Dispose();
            weights.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Engine.Dispose();
        _weights.Dispose();
    }

    private static SamplingOptions ReadDefaults(GenerationFields file) => file.DoSample == false
        ? new() { RepetitionPenalty = file.RepetitionPenalty ?? 1 }
        : new()
        {
            Temperature = file.Temperature ?? 1,
            TopK = file.TopK ?? 0,
            TopP = file.TopP ?? 1,
            MinP = file.MinP ?? 0,
            RepetitionPenalty = file.RepetitionPenalty ?? 1,
        };
}
