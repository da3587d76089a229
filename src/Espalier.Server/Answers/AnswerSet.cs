using System.Threading.Channels;
using Espalier.Models.Generation;
using Espalier.Models.Grammars;
using Espalier.Models.Serving;
using Espalier.Server.Loading;
using Espalier.Server.Metrics;
using Espalier.Server.Requests;
using Espalier.Server.Tools;

namespace Espalier.Server.Answers;

/// <summary>
/// All answers to one request: of each prompt as many as were asked for, written side by side. Dispose it: what is not written then is
/// ended.
/// </summary>
internal sealed class AnswerSet : IDisposable
{
    private readonly Channel<AnswerPart> _parts = Channel.CreateUnbounded<AnswerPart>(new() { SingleReader = true });
    private readonly CancellationTokenSource _leaving;
    private readonly List<AnswerWriter> _writers = [];
    private readonly IReadOnlyList<int[]> _prompts;

    private AnswerSet(IReadOnlyList<int[]> prompts, CancellationToken cancellation) =>
        (_prompts, _leaving) = (prompts, CancellationTokenSource.CreateLinkedTokenSource(cancellation));

    public int Count => _writers.Count;

    /// <summary>Ids of all prompts, each once.</summary>
    public int PromptTokens => _prompts.Sum(static prompt => prompt.Length);

    /// <summary>Ids of all answers.</summary>
    public int AnswerTokens => _writers.Sum(static writer => writer.Count);

    /// <summary>Ids of the prompts whose keys and values were there already, each prompt's once.</summary>
    public int ReusedTokens => _writers.Chunk(Math.Max(1, _writers.Count / _prompts.Count)).Sum(static some => some[0].Reused);

    /// <summary>Submits all answers.</summary>
    /// <param name="prompts">Ids of each prompt; answers are numbered prompt by prompt.</param>
    /// <param name="likeliest">How many of the likeliest ids are given; null for no probabilities.</param>
    /// <param name="goesOn">Whether answers go on with the prompts' texts, as a completion does and an answer of a chat does not.</param>
    /// <param name="form">Takes one answer apart; null where it is text alone.</param>
    /// <param name="grammar">What answers are written by; null for what the options say.</param>
    /// <exception cref="RequestException">A prompt that cannot be continued, or no room in the queue: then none is written.</exception>
    public static AnswerSet Begin(ServedModel model, IReadOnlyList<int[]> prompts, AnswerOptions options, int? likeliest,
        bool goesOn, Func<IAnswerForm>? form, TokenGrammar? grammar, ServerMetrics metrics, CancellationToken cancellation)
    {
        // No time to come again would help.
        if ((long)prompts.Count * options.Count > model.Engine.Room)
            throw RequestException.Bad($"{(long)prompts.Count * options.Count} answers were requested at once, but this server takes "
                + $"{model.Engine.Room} (--batch and --queue): send fewer prompts per request, or a lower n", code: "too_many_answers");
        if (options.Schema is { } schema)
            grammar ??= model.Grammars.OfSchema(schema);
        var (set, group) = (new AnswerSet(prompts, cancellation), new ServedGroup());
        try
        {
            for (var i = 0; i < prompts.Count * options.Count; i++)
            {
                var prompt = prompts[i / options.Count];
                var writer = new AnswerWriter(model, i, options.Stops, form?.Invoke(), set._parts.Writer, new(metrics));
                if (goesOn && prompt.Length > 0)
                    writer.GoOn(prompt[^1]);
                if (!model.Engine.TrySubmit(Request(model, prompt, options, likeliest, grammar, i, group), writer, set._leaving.Token))
                    throw model.Engine.IsStopping ? Stopping() : Full();
                set._writers.Add(writer);
            }
            return set;
        }
        catch (EspalierException error)
        {
            set.Dispose();
            throw RequestException.OfPrompt(error);
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    /// <summary>The parts of all answers as they are written, until the last one's end.</summary>
    /// <exception cref="RequestException">An answer cannot go on.</exception>
    /// <exception cref="OperationCanceledException">Whoever asked has left.</exception>
    public async IAsyncEnumerable<AnswerPart> Parts()
    {
        for (var open = Count; open > 0;)
        {
            var part = await _parts.Reader.ReadAsync(_leaving.Token).ConfigureAwait(false);
            switch (part.Finish)
            {
                case FinishReason.Failed when part.Failure is EspalierException failure:
                    throw new RequestException(500, failure.Message);
                case FinishReason.Failed:
                    throw new RequestException(500, $"the model failed: {part.Failure?.Message}");
                case FinishReason.ShutDown:
                    throw Stopping();
                case FinishReason.Cancelled:
                    throw new OperationCanceledException(_leaving.Token);
            }
            if (part.Finish is not null)
                open--;
            yield return part;
        }
    }

    public void Dispose()
    {
        _leaving.Cancel();
        _leaving.Dispose();
    }

    private static ServedRequest Request(ServedModel model, int[] prompt, AnswerOptions options, int? likeliest, TokenGrammar? grammar,
        int index, ServedGroup group) => new()
        {
            Prompt = prompt,
            MaxTokens = options.MaxTokens ?? int.MaxValue,
            Options = options.Sampling with { Seed = unchecked(options.Sampling.Seed + index % options.Count) },
            StopIds = model.StopIds,
            Mask = grammar?.Mask(),
            Likeliest = likeliest,
            Group = group,
        };

    /// <summary>The error of a queue without room.</summary>
    internal static RequestException Full() => new(429, "the queue is full: try again later", code: "queue_full");

    /// <summary>The error of a server that takes nothing more in.</summary>
    internal static RequestException Stopping() => new(503, "the server is shutting down", code: "shutting_down");
}
