using Espalier.Evaluation.Documents;
using Espalier.Evaluation.FunctionCalls.Questions;

namespace Espalier.Evaluation.Tests.FunctionCalls;

/// <summary>A folder of BFCL's files, as the project has them or with the right calls beside the questions.</summary>
internal static class FunctionCallFolder
{
    /// <summary>The questions of a category with the calls that are right.</summary>
    public static IReadOnlyList<FunctionCallQuestion> Read(string folder, CallCategory category)
    {
        var beside = Path.Combine(folder, $"possible_answer_{category.Name}.json");
        var right = File.Exists(beside) ? beside : Path.Combine(folder, "possible_answer", $"BFCL_v4_{category.Name}.json");
        return FunctionCallFiles.Questions(TaskDocuments.Read(Path.Combine(folder, $"BFCL_v4_{category.Name}.json"), columns: null),
            category.HasAnswers ? TaskDocuments.Read(right, columns: null) : [], category);
    }
}
