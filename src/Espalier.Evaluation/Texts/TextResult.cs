using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Texts;

/// <summary>What a model wrote to a document: what all results of such kinds have.</summary>
internal abstract record TextResult(GeneratedPrompt Prompt, Generation Made) : DocumentResult(Prompt.Document, Made.Cut)
{
    public override void Write(Utf8JsonWriter json)
    {
        json.WriteString("response", Made.Text);
        json.WriteNumber("tokens", Made.Tokens);
        json.WriteString("stopped_by", EnumName.Of(Made.End));
    }
}
