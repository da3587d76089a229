namespace Espalier.Compression.Recipes;

/// <summary>Every key that a recipe may have, by section; the top level is "". What is not here is refused.</summary>
internal static class RecipeKeys
{
    private static readonly string[] Training =
    [
        "steps", "tokens", "batch", "micro-batch", "schedule", "learning-rate", "min-learning-rate", "warm-up", "decay-steps",
        "weight-decay", "betas", "clip", "freeze", "layer-decay", "activation-checkpointing", "compute", "evaluate-every", "early-stopping", "checkpoint-every",
    ];

    /// <summary>Section to its keys, in the order in which help lists them.</summary>
    public static IReadOnlyDictionary<string, string[]> Sections { get; } = new Dictionary<string, string[]>
    {
        [""] = ["teacher", "output", "seed", "data", "correct", "score", "prune", "distill", "evaluate", "export"],
        ["data"] = ["train", "held-out", "sequence", "documents"],
        ["correct"] = Training,
        ["score"] = ["samples", "batch", "sequence"],
        ["prune"] = ["hidden", "ffn", "heads", "layers", "method", "depth", "plan"],
        ["distill"] = ["loss", "temperature", .. Training],
    };

    /// <summary>Why a key that one might expect in a section is not there; null for others.</summary>
    public static string? WhyNot(string section, string key) => (section, key) switch
    {
        ("correct", "loss" or "temperature") => "the teacher is always corrected with cross-entropy; leave it out",
        _ => null,
    };
}
