namespace Espalier.Pipeline.Options;

/// <summary>Every key that a recipe may have, by section; the top level is "". What is not here is refused.</summary>
internal static class RecipeKeys
{
    private static readonly string[] Training = [.. TrainingSection.KeysOf(new()).Select(key => key.Name)];
    private static readonly string[] Loss = [.. TrainingSection.KeysOfLoss().Select(key => key.Name)];

    /// <summary>Section to its keys, in the order in which help lists them.</summary>
    public static IReadOnlyDictionary<string, string[]> Sections { get; } = new Dictionary<string, string[]>
    {
        [""] = ["teacher", "output", "seed", "data", "correct", "score", "search", "prune", "cycles", "distill", "evaluate", "export", "clamp"],
        ["data"] = ["train", "field", "held-out", "sequence", "documents"],
        ["correct"] = [.. CorrectionSection.Keys().Select(key => key.Name), .. Training],
        ["score"] = ["samples", "batch", "sequence", "method", "neurons", "rounds", "depth", "depth-samples", "task"],
        ["search"] =
        [
            "layers", "heads", "ffn", "expansion", "hidden", "parameters", "non-embedding-parameters", "memory", "context", "sequences", "flops-per-token", "prefill", "decode",
            "candidates", "proxy", "rungs", "batch", "learning-rate", "tasks",
        ],
        ["prune"] = ["hidden", "ffn", "heads", "kv-heads", "layers", "multiple", "method", "sparsity", "depth", "merge-heads", "plan"],
        ["cycles"] = ["count", "largest-cut", "teacher", "shapes"],
        ["shapes"] = ["hidden", "ffn", "heads", "kv-heads", "layers", "multiple"],
        ["distill"] = [.. Loss, .. Training],
        ["hidden"] = [.. HiddenKeys.Keys.Select(key => key.Name)],
        ["cache"] = [.. CacheSection.Keys.Select(key => key.Name)],
    };

    /// <summary>
    /// The key that another name stands for: what the option of a command is called where that cannot have the key's own name.
    /// </summary>
    public static string NameOf(string section, string key) => (section, key) switch
    {
        ("score", "batch-aggregation") => "batch",
        ("score", "sequence-aggregation") => "sequence",
        _ => key,
    };

    /// <summary>Whether a word may stand in place of a section: <c>correct: auto</c> is a correction with all its defaults.</summary>
    public static bool IsShort(string section, string word) => (section, word) is ("correct", "auto") or ("cycles", "auto");

    /// <summary>Why a key that one might expect in a section is not there; null for others.</summary>
    public static string? WhyNot(string section, string key) => (section, key) switch
    {
        ("correct", _) when Loss.Contains(key) => "the teacher is always corrected with cross-entropy; leave it out",
        _ => null,
    };
}
