using System.Text.Encodings.Web;

namespace Espalier.Compression.Synthesis;

/// <summary>The lines of the result: what training reads, and after it where that came from.</summary>
internal sealed class SynthesisLines(SynthesisForm form, string teacher, string hash, SynthesisOptions options, long seed)
{
    private static readonly JsonWriterOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a line.</summary>
    public void Write(Stream stream, WrittenAfter written)
    {
        using (var json = new Utf8JsonWriter(stream, s_plain))
        {
            json.WriteStartObject();
            Content(json, written);
            json.WriteNumber("item", written.Text.Item);
            if (written.Prompt.Source is { } source)
                json.WriteString("source", source);
            json.WriteNumber("tokens", written.Text.Tokens);
            json.WriteNumber("perplexity", Rounded(written.Text.Perplexity));
            json.WriteNumber("repetition", Rounded(written.Text.Repetition));
            json.WriteString("stop", EnumName.Of(written.Text.End));
            json.WriteString("teacher", teacher);
            json.WriteString("teacher_sha256", hash);
            json.WriteNumber("seed", TeacherWriter.SeedOf(seed, written.Text.Item));
            json.WriteNumber("temperature", options.Temperature);
            json.WriteNumber("top_k", options.TopK);
            json.WriteNumber("top_p", options.TopP);
            json.WriteNumber("repetition_penalty", options.RepetitionPenalty);
            json.WriteNumber("max_tokens", options.MaxTokens);
            json.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
    }

    private void Content(Utf8JsonWriter json, WrittenAfter written)
    {
        switch (form)
        {
            case SynthesisForm.Text:
                json.WriteString("text", written.Text.Text);
                break;
            case SynthesisForm.Completion:
                json.WriteString("prompt", written.Prompt.Text);
                json.WriteString("completion", written.Text.Text);
                break;
            default:
                json.WriteStartArray("messages");
                foreach (var message in written.Prompt.Messages)
                    message.Fields.WriteTo(json);
                new JsonObject { ["role"] = "assistant", ["content"] = written.Text.Text }.WriteTo(json);
                json.WriteEndArray();
                break;
        }
    }

    // Six digits: more say nothing of a text.
    private static double Rounded(double value) => double.Parse(
        value.ToString("G6", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture);
}
