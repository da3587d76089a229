namespace Espalier.Evaluation.Tasks;

/// <summary>What a model writes after the prompt: what all such kinds have.</summary>
/// <param name="Target">What a shot shows after the prompt.</param>
/// <param name="Stop">What is written ends before any of these.</param>
/// <param name="MaxTokens">Most tokens that are written.</param>
internal abstract record GeneratedKind(Template Target, IReadOnlyList<string> Stop, int MaxTokens) : TaskKind
{
    /// <summary>Most tokens where a task says nothing: the harness's number (lm_eval/models/huggingface.py).</summary>
    public const int UsualTokens = 256;
}
