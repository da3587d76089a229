using Espalier.Models.Grammars;
using Espalier.Models.Grammars.Schemas;
using Espalier.Models.Tokenizers;
using Espalier.Server.Requests;
using Espalier.Server.Tools;

namespace Espalier.Server.Loading;

/// <summary>
/// The grammars that requests ask for, each made once for as long as it is asked for again: what may come in a state of the text is kept
/// with it. Safe for use from several threads.
/// </summary>
/// <param name="rows">Ids that the model has logits for.</param>
/// <param name="stopIds">Ids that end a text.</param>
/// <param name="isInChannels">Whether answers to chats are in channels.</param>
internal sealed class ServedGrammars(Tokenizer tokenizer, int rows, IReadOnlySet<int> stopIds, bool isInChannels = false)
{
    private const int MostKept = 64;

    // A schema may take half a second: half of the processors are left to who asks for none.
    private static readonly SemaphoreSlim s_makers = new(Math.Max(1, Environment.ProcessorCount / 2));

    private readonly Lazy<GrammarTokens> _tokens = new(() =>
        new(tokenizer, rows, stopIds, isInChannels ? ChannelText.Marks : ToolForms.Marks));
    private readonly Lock _gate = new();
    private readonly Dictionary<string, TokenGrammar> _kept = [];

    /// <summary>
    /// Does what may make a grammar on a thread of its own, and few such things at once: who asks for many large schemas waits, and nobody
    /// else does.
    /// </summary>
    /// <param name="isAsked">Whether it makes one; else it is done here and now.</param>
    public static async Task<T> MakingAsync<T>(bool isAsked, Func<T> act, CancellationToken cancellation)
    {
        if (!isAsked)
            return act();
        await s_makers.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await Task.Factory.StartNew(act, cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                .ConfigureAwait(false);
        }
        finally
        {
            s_makers.Release();
        }
    }

    /// <summary>Answers that fit a schema.</summary>
    /// <param name="schema">The schema, as JSON.</param>
    /// <param name="isInChannels">Whether the answer is in channels.</param>
    /// <exception cref="RequestException">It says what is not supported.</exception>
    public TokenGrammar OfSchema(string schema, bool isInChannels = false) => Kept($"{isInChannels} {schema}", () =>
    {
        using var document = JsonDocument.Parse(schema);
        var form = new GrammarSequence(JsonSyntax.Space, SchemaReader.Read(document.RootElement, AnswerOptions.SchemaPlace));
        return isInChannels ? ToolGrammar.Answer(_tokens.Value.Table, form) : form;
    }, AnswerOptions.SchemaPlace);

    /// <summary>Answers that are calls.</summary>
    /// <exception cref="RequestException">A tool's parameters are to be kept strictly and say what is not supported.</exception>
    public TokenGrammar OfCalls(ToolForm form, JsonArray tools, ToolChoice choice) =>
        Kept($"{form} {choice} {tools.ToJsonString()}", () => new ToolGrammar(form, _tokens.Value.Table).Of(tools, choice), "tools");

    private TokenGrammar Kept(string key, Func<GrammarNode> make, string param)
    {
        lock (_gate)
            if (_kept.TryGetValue(key, out var known))
                return known;
        var made = RequestException.Guard(param, () => new TokenGrammar(make(), _tokens.Value), "unsupported");
        lock (_gate)
        {
            if (_kept.Count >= MostKept)
                _kept.Clear();
            _kept[key] = made;
        }
        return made;
    }
}
