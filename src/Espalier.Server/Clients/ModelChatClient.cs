using System.Runtime.CompilerServices;
using Espalier.Models.Checkpoints;
using Espalier.Server.Answers;
using Espalier.Server.Clients;
using Espalier.Server.Loading;
using Espalier.Server.Metrics;
using Espalier.Server.Requests;
using Espalier.Server.Tools;
using Microsoft.Extensions.AI;

namespace Espalier.Server;

/// <summary>
/// Runs a model from a Hugging Face folder in this process as a Microsoft.Extensions.AI <see cref="IChatClient"/>. It can answer many
/// conversations at the same time, each as it would be alone. Thread-safe; dispose it after use.
/// </summary>
public sealed class ModelChatClient : IChatClient
{
    private readonly ServedModel _model;
    private readonly ServerMetrics _metrics = new();
    private readonly ChatClientMetadata _metadata;

    private ModelChatClient(ServedModel model) => (_model, _metadata) = (model, new("espalier", null, model.Name));

    /// <summary>Loads a model folder.</summary>
    /// <param name="folder">The folder: config.json, safetensors, tokenizer.json, and a chat template.</param>
    /// <param name="chatTemplate">A file with a chat template that replaces the folder's own; null to use that.</param>
    /// <param name="threads">Compute threads; null for one per processor.</param>
    /// <exception cref="EspalierException">The folder is not a model that can chat; the message says what is wrong.</exception>
    public static ModelChatClient Load(string folder, string? chatTemplate = null, int? threads = null)
    {
        TorchRuntime.Start(threads ?? Environment.ProcessorCount);
        using var checkpoint = Checkpoint.Open(folder);
        var model = ServedModel.Load(checkpoint, new() { ChatTemplate = chatTemplate });
        if (model.Template is not null)
            return new(model);
        model.Dispose();
        throw new EspalierException($"{folder}: has no chat template: give a file with one");
    }

    /// <summary>What answers.</summary>
    internal ServedModel Model => _model;

    /// <inheritdoc/>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in GetStreamingResponseAsync(messages, options, cancellationToken).ConfigureAwait(false))
            updates.Add(update);
        return updates.ToChatResponse();
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return UpdatesAsync(messages, options, cancellationToken);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null : serviceType == typeof(ChatClientMetadata) ? _metadata : serviceType.IsInstanceOfType(this)
            ? this : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    private async IAsyncEnumerable<ChatResponseUpdate> UpdatesAsync(IEnumerable<ChatMessage> messages, ChatOptions? options,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var answers = Begin(messages, options ?? new(), cancellationToken);
        var (response, created) = ($"chatcmpl-{Guid.NewGuid():N}", DateTimeOffset.UtcNow);
        ChatResponseUpdate Update(IList<AIContent> contents) => new(ChatRole.Assistant, contents)
        {
            ResponseId = response,
            MessageId = response,
            CreatedAt = created,
            ModelId = _model.Name,
        };
        await using var parts = answers.Parts().GetAsyncEnumerator(CancellationToken.None);
        while (await NextAsync(parts).ConfigureAwait(false))
        {
            var part = parts.Current;
            var contents = new List<AIContent>();
            if (part.Text.Length > 0)
                contents.Add(new TextContent(part.Text));
            contents.AddRange(part.Calls.Select(Call));
            if (part.Finish is not null)
                contents.Add(new UsageContent(new()
                {
                    InputTokenCount = answers.PromptTokens,
                    OutputTokenCount = answers.AnswerTokens,
                    TotalTokenCount = answers.PromptTokens + answers.AnswerTokens,
                }));
            var update = Update(contents);
            update.FinishReason = part.Finish switch
            {
                null => null,
                FinishReason.Length => ChatFinishReason.Length,
                FinishReason.ToolCalls => ChatFinishReason.ToolCalls,
                _ => ChatFinishReason.Stop,
            };
            yield return update;
        }
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<AnswerPart> parts)
    {
        try
        {
            return await parts.MoveNextAsync().ConfigureAwait(false);
        }
        catch (RequestException error)
        {
            throw new EspalierException(error.Message, error);
        }
    }

    private AnswerSet Begin(IEnumerable<ChatMessage> messages, ChatOptions options, CancellationToken cancellation)
    {
        try
        {
            return ChatAnswers.Begin(_model, ClientMessages.Request(messages, options, _model.Defaults), _metrics, cancellation);
        }
        catch (RequestException error)
        {
            throw new EspalierException(error.Message, error);
        }
    }

    // What the length cut, and what no dictionary can hold: the call is said, and that its arguments are none.
    private static FunctionCallContent Call(ToolCall call)
    {
        if (!JsonBody.TryParse(call.Arguments, out var document))
            return new(call.Id, call.Name)
            {
                Exception = new EspalierException($"the arguments of the call of {call.Name} are not a complete JSON object: the answer "
                    + "was cut off"),
            };
        using (document)
            return new(call.Id, call.Name, document.RootElement.EnumerateObject()
                .ToDictionary(static field => field.Name, static field => (object?)field.Value.Clone()));
    }
}
