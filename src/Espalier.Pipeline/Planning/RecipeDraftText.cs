using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json.Serialization.Metadata;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Planning;

/// <summary>A draft as the file that a person goes on with.</summary>
internal static class RecipeDraftText
{
    private static readonly JsonSerializerOptions s_quoted = new()
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping
    };

    /// <summary>The recipe, with a word on each section.</summary>
    public static string Of(RecipeDraft draft)
    {
        var text = new StringBuilder();
        Line($"# Made by espalier init; it runs as it is. docs/recipe.md lists all keys and their defaults.");
        Line($"teacher:  {Quoted(draft.Teacher)}");
        Line($"");
        Line($"# About {(draft.Windows > 100_000_000 ? "very many" : $"{draft.Windows}")} windows to train on, without the held-out text.");
        if (draft.TooLittle is { } little)
            Line($"# {char.ToUpperInvariant(little[0])}{little[1..]}.");
        if (draft.CutsDocuments)
            Line($"# document-bytes splits a text into documents of about this many bytes, each of which is either trained on or held out; without it, a file is one document.");
        Line($"data:     {{ train: {Many(draft.Train)}, held-out: {draft.HeldOut * 100:0.##}%, sequence: {draft.Sequence} }}");
        Line($"");
        Line($"# Uncomment the next line to test whether the teacher knows this kind of text well enough, and to fine-tune it first if not (when: auto). espalier need MODEL TEXT runs only the test.");
        Line($"# correct: {{ when: auto, steps: {draft.Steps}, batch: {draft.Batch}, learning-rate: 2e-4 to 2e-5 }}");
        Line($"");
        Line($"# More samples give more stable scores; the papers use 1024.");
        Line($"score:    {{ samples: {draft.Samples} }}");
        Line($"");
        Line($"# The student's sizes; sizes not listed stay. It keeps {draft.Kept * 100:0} % of the parameters outside the embedding. espalier plan shows nearby legal sizes.");
        Line($"prune:    {{ {string.Join(", ", Sizes(draft))} }}");
        if (draft.InCycles)
        {
            Line($"# Cutting more than a third at once loses more, so the student is pruned in several cycles, each with its own distillation. A single cut takes less time.");
            Line($"cycles:   auto");
        }
        Line($"");
        Line($"# About {(draft.Steps * draft.Batch + draft.Windows / 2) / Math.Max(1, draft.Windows)} passes over the text{(draft.InCycles ? $" in each of the {draft.Cycles} cycles" : "")}: more steps and more text give a better student.");
        Line($"# With early-stopping: 2, training would stop after two evaluations without a new best and return the best weights. As it stands, it runs all steps and returns the last weights.");
        Line($"distill:  {{ steps: {draft.Steps}, batch: {draft.Batch}, learning-rate: 1e-3 to 1e-4, evaluate-every: {Math.Max(1, draft.Steps / 4)} }}");
        Line($"");
        Line($"# You can add your own texts: {{ mine: texts/other.txt }}; and benchmarks: arc_easy, {{ task: gsm8k, limit: 200 }}, tasks/mine.yaml (benchmarks: FOLDER says where their files are).");
        Line($"evaluate: [ {string.Join(", ", draft.HasOwnText ? (string[])[EvaluationList.HeldOut, "teacher-domain"] : [EvaluationList.HeldOut])} ]");
        Line($"export:   [ {string.Join(", ", draft.Export.Select(EnumName.Of))} ]");
        return text.ToString();

        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    private static IEnumerable<string> Sizes(RecipeDraft draft) =>
        Axis.Asked.Where(axis => draft.Target.Sizes[axis] is not null).Select(axis => $"{axis}: {draft.Target.Sizes[axis]}");

    private static string Many(IReadOnlyList<string> texts) =>
        texts.Count == 1 ? Quoted(texts[0]) : $"[ {string.Join(", ", texts.Select(Quoted))} ]";

    /// <summary>As it is where YAML takes it for nothing else, else in quotes.</summary>
    private static string Quoted(string text) =>
        text.Length > 0 && (char.IsAsciiLetterOrDigit(text[0]) || text[0] is '/' or '.')
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or '*' or '=' or ';')
            ? text : JsonSerializer.Serialize(text, s_quoted);
}
