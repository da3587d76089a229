using System.Text;
using System.Text.Json;
using Espalier.Files;

namespace Espalier.Compression.Evaluation;

/// <summary>
/// Reads multiple-choice items: one JSON object a line, <c>{"context": "...", "choices": ["...", "..."], "answer": 0}</c>. <c>question</c>
/// in place of <c>context</c> is asked as <c>Question: ...</c>, a line below it <c>Answer:</c>. Other fields are left alone.
/// </summary>
internal static class MultipleChoiceFile
{
    /// <summary>Longest file that is read.</summary>
    public const long MaxBytes = 64 << 20;

    /// <summary>Most choices of an item.</summary>
    public const int MostChoices = 64;

    /// <summary>Reads a file; blank lines are passed over.</summary>
    /// <exception cref="EspalierException">The file cannot be read, has no items, or a line is none; line and field are named.</exception>
    public static IReadOnlyList<MultipleChoiceItem> Read(string path)
    {
        var items = new List<MultipleChoiceItem>();
        var number = 0;
        foreach (var line in SmallFile.ReadText(path, MaxBytes).Split('\n'))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
                items.Add(JsonFile.Parse(Encoding.UTF8.GetBytes(line), $"{path}, line {number}", Parse));
        }
        return items.Count > 0 ? items : throw new EspalierException($"{path}: has no items; each is a line such as {Example}");
    }

    private const string Example = """{"context": "The sky is", "choices": ["blue", "green"], "answer": 0}""";

    private static MultipleChoiceItem Parse(JsonElement root, string place)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new EspalierException($"{place}: is no JSON object; an item is {Example}");
        var choices = Choices(root, place);
        return new(Context(root, place), choices, Answer(root, choices.Length, place));
    }

    private static string Context(JsonElement root, string place)
    {
        if (root.TryGetProperty("context", out var context) && context.ValueKind == JsonValueKind.String)
            return context.GetString()!;
        if (root.TryGetProperty("question", out var question) && question.ValueKind == JsonValueKind.String)
            return $"Question: {question.GetString()}\nAnswer:";
        throw new EspalierException($"{place}: neither context nor question is a text; an item is {Example}");
    }

    private static string[] Choices(JsonElement root, string place)
    {
        if (!root.TryGetProperty("choices", out var choices) || choices.ValueKind != JsonValueKind.Array
            || choices.GetArrayLength() is < 2 or > MostChoices)
            throw new EspalierException($"{place}: choices must be a list of 2 to {MostChoices} texts; an item is {Example}");
        return [.. choices.EnumerateArray()
            .Select((choice, i) => choice.ValueKind == JsonValueKind.String && choice.GetString()!.Trim().Length > 0
            ? choice.GetString()!
            : throw new EspalierException($"{place}: choices[{i}] is no text with something in it"))];
    }

    private static int Answer(JsonElement root, int choices, string place) =>
        root.TryGetProperty("answer", out var answer) && answer.ValueKind == JsonValueKind.Number && answer.TryGetInt32(out var right)
            && right >= 0 && right < choices
            ? right
            : throw new EspalierException(
                $"{place}: answer is {(answer.ValueKind == JsonValueKind.Undefined ? "missing" : OneLine.Clipped(answer.GetRawText()))} and must be a whole number from 0 to {choices - 1}, which of the {choices} choices is right");
}
