using Espalier.Evaluation.Tasks;

namespace Espalier.Evaluation.LongContext.Materials;

/// <summary>A kind of question and what it is made of: each is a record with the keys that only it has.</summary>
internal abstract record RulerMaterial
{
    /// <summary>Most tokens of an answer where a task says nothing: RULER's numbers (scripts/data/synthetic/constants.py).</summary>
    public abstract int UsualAnswerTokens { get; }

    /// <summary>Whether questions come from documents of the user's.</summary>
    public virtual bool HasDocuments => false;

    /// <summary>Files that it reads beside documents, as the task names them.</summary>
    public virtual IReadOnlyList<string> OtherFiles => [];

    /// <summary>Whether one reference in the answer is enough.</summary>
    public virtual bool AnyCounts => false;

    /// <summary>What makes the questions.</summary>
    /// <param name="benchmarks">The folder of benchmarks; null where nobody names one.</param>
    /// <exception cref="EspalierException">A file is not there, or holds too little.</exception>
    public abstract RulerMaker Maker(TaskDefinition task, string? benchmarks);

    /// <summary>Reads the key makes, and those of what it names.</summary>
    public static RulerMaterial Read(TaskFields fields)
    {
        _ = fields.Text("makes");
        return fields.Word<Func<TaskFields, RulerMaterial>>("makes", NeedleMaterial.Read, ("niah", NeedleMaterial.Read),
            ("vt", VariableMaterial.Read), ("cwe", CommonWordsMaterial.Read), ("fwe", FrequentWordsMaterial.Read),
            ("qa", DocumentsMaterial.Read))(fields);
    }
}

/// <summary>Makes questions of any length.</summary>
/// <param name="Of">What makes those of so many tokens, question and answer together.</param>
/// <param name="Note">What the user should know of the material; null nothing.</param>
/// <param name="MostQuestions">How many there can be.</param>
internal sealed record RulerMaker(Func<int, RulerTask> Of, string? Note = null, int MostQuestions = int.MaxValue);
