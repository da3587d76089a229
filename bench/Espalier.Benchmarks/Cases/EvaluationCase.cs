using Espalier.Compression.Evaluation;
using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Texts;
using Espalier.Models.Tokenizers;

namespace Espalier.Benchmarks;

/// <summary>
/// Documents of multiple choice against a plain loop, in which each choice is a pass of its own with its context: on choices of several
/// tokens without shots, and on letters after the same shot, as MMLU has them.
/// </summary>
internal static class EvaluationCase
{
    private const int Documents = 24;

    private const string Letters = """
        test: endings.jsonl
        prompt: "Text: {context}\nA. {choices.0}\nB. {choices.1}\nC. {choices.2}\nD. {choices.3}\nAnswer:"
        choices: [A, B, C, D]
        answer: "{answer}"
        shots: { order: first }
        """;

    public static IReadOnlyList<string> Subjects => ["endings", "letters"];

    public static IEnumerable<Row> Run(CaseInput input)
    {
        TorchRuntime.Start(input.Threads);
        using var model = BundledTeacher.Load();
        var tokenizer = Tokenizer.Load(BundledTeacher.Folder);
        var (task, shots) = input.Subject == "letters"
            ? (TaskFile.Parse(Letters, "letters.yaml") with { Folder = "tasks/endings" }, 1)
            : (TaskFile.Read("tasks/endings/endings.yaml"), 0);
        var prompts = ChoicePrompts.Of(task, new(null, shots, Documents))[0].Prompts;
        ScoredRequest[] requests = [.. prompts.Select(prompt => prompt.Pairs
            .Select(pair => ContinuationIds.Of(tokenizer, pair.Context, pair.Continuation)).ToArray())
            .Select(pairs => new ScoredRequest(pairs[0].Context, [.. pairs.Select(pair => pair.Continuation)]))
            .Where(request => request.Context.Length + request.Continuations.Max(ids => ids.Length) <= model.Config.MaxPositions)];
        ContinuationScore[][]? ours = null;
        double[]? plain = null;
        yield return Pairs.Measure(input.Pairs, 1, () => Cost.Of(() => ours = new LogLikelihoods(model).Of(requests)),
            () => Cost.Of(() => plain = [.. requests.SelectMany(request => request.Continuations.Select(ids =>
                Alone(model, request.Context, ids)))]),
            () => Check(ours!, plain!)).OtherOverOwn(input, "a plain loop / ours", 3, $"{requests.Length} documents");
    }

    private static double Alone(Decoder model, int[] context, int[] ids)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        long[] read = [.. context.Concat(ids[..^1]).Select(id => (long)id)];
        var hidden_TD = model.Forward(Tensor.From<long>(read, 1, read.Length)).Select(0, 0);
        return -model.Head.Nll(hidden_TD.Slice(0, context.Length - 1, read.Length),
            Tensor.From<long>([.. ids.Select(id => (long)id)], ids.Length)).Sum(DType.Float64).Item();
    }

    private static void Check(ContinuationScore[][] ours, double[] plain)
    {
        foreach (var (score, expected) in ours.SelectMany(scores => scores).Zip(plain))
            if (Math.Abs(score.LogLikelihood - expected) > 1e-3)
                throw new InvalidOperationException($"{score.LogLikelihood} together and {expected} alone");
    }
}
