using System.Text;
using Espalier.Models.Generation.Sampling;
using Espalier.Models.Serving;
using Espalier.Server.Answers;
using Espalier.Server.Loading;
using Espalier.Server.Tools;

namespace Espalier.Server.Http;

/// <summary>Answers in the fields that OpenAI's clients read.</summary>
internal sealed class AnswerJson(ServedModel model)
{
    /// <summary>Writes an object; what it has is written by <paramref name="fields"/>.</summary>
    public static byte[] Object(Action<Utf8JsonWriter> fields)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer,
            new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The fields that every answer and every piece of one begins with.</summary>
    public void Head(Utf8JsonWriter json, string id, string kind, DateTimeOffset created)
    {
        json.WriteString("id", id);
        json.WriteString("object", kind);
        json.WriteNumber("created", created.ToUnixTimeSeconds());
        json.WriteString("model", model.Name);
    }

    /// <summary>All answers to a request as one object.</summary>
    /// <param name="head">Writes what it begins with.</param>
    /// <param name="choice">Writes what is an answer's own, by its place.</param>
    /// <param name="answers">The answers, whose use is said at the end.</param>
    public static byte[] Whole(Action<Utf8JsonWriter> head, int count, Action<Utf8JsonWriter, int> choice, AnswerSet answers) =>
        Object(json =>
        {
            head(json);
            Choices(json, Enumerable.Range(0, count), choice);
            Usage(json, answers);
        });

    /// <summary>A piece of one answer as an object.</summary>
    /// <param name="head">Writes what it begins with.</param>
    /// <param name="index">Which answer.</param>
    /// <param name="choice">Writes what is the piece's own, by the place of its answer.</param>
    /// <param name="saysUse">Whether another piece says what the request used.</param>
    public static byte[] Piece(Action<Utf8JsonWriter> head, int index, Action<Utf8JsonWriter, int> choice, bool saysUse) => Object(json =>
    {
        head(json);
        Choices(json, [index], choice);
        if (saysUse)
            json.WriteNull("usage");
    });

    /// <summary>What a request used.</summary>
    public static void Usage(Utf8JsonWriter json, AnswerSet answers)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", answers.PromptTokens);
        json.WriteNumber("completion_tokens", answers.AnswerTokens);
        json.WriteNumber("total_tokens", answers.PromptTokens + answers.AnswerTokens);
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", answers.ReusedTokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Choices(Utf8JsonWriter json, IEnumerable<int> indices, Action<Utf8JsonWriter, int> choice) =>
        json.WriteObjects("choices", indices, index =>
        {
            json.WriteNumber("index", index);
            choice(json, index);
        });

    public static void Finish(Utf8JsonWriter json, FinishReason? finish) => json.WriteString("finish_reason", finish switch
    {
        null => null,
        FinishReason.Length => "length",
        FinishReason.ToolCalls => "tool_calls",
        _ => "stop",
    });

    /// <summary>Calls; in a stream each has its number.</summary>
    public static void Calls(Utf8JsonWriter json, IReadOnlyList<ToolCall> calls, int? firstIndex) =>
        json.WriteObjects("tool_calls", calls.Index(), call =>
        {
            if (firstIndex is { } first)
                json.WriteNumber("index", first + call.Index);
            json.WriteString("id", call.Item.Id);
            json.WriteString("type", "function");
            json.WriteStartObject("function");
            json.WriteString("name", call.Item.Name);
            json.WriteString("arguments", call.Item.Arguments);
            json.WriteEndObject();
        });

    /// <summary>Probabilities as chats have them.</summary>
    public void ChatProbabilities(Utf8JsonWriter json, IReadOnlyList<ServedToken> tokens)
    {
        json.WriteStartObject("logprobs");
        json.WriteObjects("content", tokens, token =>
        {
            Token(json, token.Probabilities!.Chosen);
            json.WriteObjects("top_logprobs", token.Probabilities.Likeliest, one => Token(json, one));
        });
        json.WriteNull("refusal");
        json.WriteEndObject();
    }

    /// <summary>Probabilities as completions have them.</summary>
    /// <param name="offset">Characters of the text before the first of them; moved after the last.</param>
    public void TextProbabilities(Utf8JsonWriter json, IReadOnlyList<ServedToken> tokens, ref int offset)
    {
        json.WriteStartObject("logprobs");
        json.WriteList("tokens", tokens.Select(token => TextOf(token.Id)), json.WriteStringValue);
        json.WriteList("token_logprobs", tokens.Select(token => Finite(token.Probabilities!.Chosen.LogProbability)), json.WriteNumberValue);
        json.WriteObjects("top_logprobs", tokens, token =>
        {
            // Ids of one text, such as two that are no character alone, have one name: the likelier stands.
            foreach (var one in token.Probabilities!.Likeliest.DistinctBy(one => TextOf(one.Id)))
                json.WriteNumber(TextOf(one.Id), Finite(one.LogProbability));
        });
        json.WriteStartArray("text_offset");
        foreach (var token in tokens)
        {
            json.WriteNumberValue(offset);
            offset += TextOf(token.Id).Length;
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void Token(Utf8JsonWriter json, TokenProbability one)
    {
        json.WriteString("token", TextOf(one.Id));
        json.WriteNumber("logprob", Finite(one.LogProbability));
        if (model.Bytes.Of(one.Id) is { } bytes)
            json.WriteList("bytes", bytes.Select(b => (int)b), json.WriteNumberValue);
        else
            json.WriteNull("bytes");
    }

    // A part of a character alone is no text.
    private string TextOf(int id) => model.Bytes.Of(id) is { } bytes ? Encoding.UTF8.GetString(bytes) : model.Tokenizer.TokenText(id) ?? "";

    // JSON has no infinity; OpenAI writes -9999 for what is as good as impossible.
    private static double Finite(double value) => double.IsFinite(value) ? value : -9999;
}
