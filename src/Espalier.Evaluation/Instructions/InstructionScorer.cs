using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Instructions;

/// <summary>
/// Judges responses as IFEval does (arXiv 2311.07911, section 2; evaluation_lib.py of google-research, lm_eval/tasks/ifeval/utils.py). A
/// document has <c>instruction_id_list</c> and, for each, an entry of <c>kwargs</c>. An empty response follows nothing.
/// </summary>
internal static class InstructionScorer
{
    /// <summary>The verdicts of a response.</summary>
    /// <exception cref="EspalierException">
    /// The document asks for what no instruction is, or says too little of one; file, line and field are named.
    /// </exception>
    public static InstructionVerdicts Score(TaskDocument document, string response)
    {
        string[] ids = document.Texts(["instruction_id_list"]);
        Predicate<string>[] tests = [.. ids.Zip(Arguments(document, ids.Length), (id, fields) => Test(document, id, fields))];
        string[] readings = [.. Readings(response).Where(reading => PythonText.Strip(reading).Length > 0)];
        var isEmpty = PythonText.Strip(response).Length == 0;
        return new(ids, [.. tests.Select(test => !isEmpty && test(response))],
            [.. tests.Select(test => Array.Exists(readings, reading => test(reading)))]);
    }

    // Eight: as it stands, and without its first line, its last, or both; each also without asterisks.
    private static IEnumerable<string> Readings(string response)
    {
        var lines = response.Split('\n');
        string Some(int first, int last) => last > first ? PythonText.Strip(string.Join('\n', lines[first..last])) : "";
        string[] some = [response, Some(1, lines.Length), Some(0, lines.Length - 1), Some(1, lines.Length - 1)];
        return some.Concat(some.Select(text => text.Replace("*", "", StringComparison.Ordinal)));
    }

    private static JsonElement[] Arguments(TaskDocument document, int count)
    {
        if (!document.Fields.TryGetProperty("kwargs", out var list) || list.ValueKind != JsonValueKind.Array
            || list.GetArrayLength() != count || list.EnumerateArray().Any(entry => entry.ValueKind != JsonValueKind.Object))
            throw new EspalierException(
                $"{document.Place}: kwargs must be a list of objects, one for each of the {count} entries of instruction_id_list");
        return [.. list.EnumerateArray()];
    }

    private static Predicate<string> Test(TaskDocument document, string id, JsonElement fields) =>
        InstructionKinds.All.TryGetValue(id, out var kind) ? kind(new(document, id, fields))
            : throw new EspalierException(
                $"{document.Place}: there is no instruction '{id}'; there are {string.Join(", ", InstructionKinds.All.Keys)}."
                + NearestName.Hint(id, InstructionKinds.All.Keys));
}
