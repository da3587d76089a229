using System.Text;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Choices;

/// <summary>One document's verdict.</summary>
internal sealed record ChoiceResult(ChoicePrompt Prompt, IReadOnlyList<ContinuationScore> Scores, int Cut)
    : DocumentResult(Prompt.Document, Cut)
{
    public override double Score(string metric) => Prompt.HasSeveral ? ShareOfRight : metric switch
    {
        "acc" => IsRight,
        "acc_norm" => IsRightPerCharacter,
        _ => IsRightPerByte,
    } ? 1 : 0;

    /// <inheritdoc/>
    /// <remarks>Of choices that are all alike likely.</remarks>
    public override double? Chance => (double)Prompt.Answers.Count / Prompt.Choices.Count;

    /// <summary>The likeliest choice, the first of equal ones.</summary>
    public int Predicted => Largest(score => 1);

    /// <summary>The likeliest a character of the choice: lm-evaluation-harness's acc_norm.</summary>
    public int PredictedPerCharacter => Largest(choice => choice.EnumerateRunes().Count());

    /// <summary>The likeliest a byte of UTF-8 of the choice.</summary>
    public int PredictedPerByte => Largest(Encoding.UTF8.GetByteCount);

    /// <summary>Whether the likeliest choice is right.</summary>
    public bool IsRight => Predicted == Prompt.Answer;

    /// <summary>Whether the likeliest a character is.</summary>
    public bool IsRightPerCharacter => PredictedPerCharacter == Prompt.Answer;

    /// <summary>Whether the likeliest a byte is.</summary>
    public bool IsRightPerByte => PredictedPerByte == Prompt.Answer;

    /// <summary>
    /// The right choices' share of the probability that all choices have together, not divided by their lengths: TruthfulQA's MC2
    /// (arXiv 2109.07958). The largest is taken out of all first, for probabilities of long choices are no numbers of a double.
    /// </summary>
    public double ShareOfRight
    {
        get
        {
            var largest = Scores.Max(score => score.LogLikelihood);
            double[] parts = [.. Scores.Select(score => Math.Exp(score.LogLikelihood - largest))];
            return Prompt.Answers.Sum(answer => parts[answer]) / parts.Sum();
        }
    }

    /// <summary>
    /// −log p of the right choice, p being the softmax over the choices of their log-likelihood a character: near 0 where the model is
    /// sure and right, ln n where n choices are alike to it.
    /// </summary>
    public static TaskLoss LossPerCharacter(Metric metric) => new("", metric.Name,
        result => ((ChoiceResult)result).Surprise(choice => Math.Max(1, choice.EnumerateRunes().Count())));

    /// <summary>The same of whole log-likelihoods: −log of <see cref="ShareOfRight"/>.</summary>
    /// <inheritdoc cref="LossPerCharacter"/>
    public static TaskLoss LossOfWhole(Metric metric) => new("", metric.Name, result => ((ChoiceResult)result).Surprise(_ => 1));

    public override void Write(Utf8JsonWriter json)
    {
        if (Prompt.HasSeveral)
        {
            json.WriteList("answers", Prompt.Answers, json.WriteNumberValue);
            json.WriteNumber("share_of_right", ShareOfRight);
        }
        else
        {
            json.WriteNumber("answer", Prompt.Answer);
            json.WriteNumber("predicted", Predicted);
            json.WriteNumber("predicted_norm", PredictedPerCharacter);
            json.WriteNumber("predicted_bytes", PredictedPerByte);
        }
        json.WriteList("log_likelihoods", Scores.Select(score => score.LogLikelihood), json.WriteNumberValue);
    }

    private double Surprise(Func<string, int> length)
    {
        double[] scores = [.. Scores.Select((score, i) => score.LogLikelihood / length(Prompt.Choices[i]))];
        return LogSum(scores) - LogSum([.. Prompt.Answers.Select(answer => scores[answer])]);
    }

    private static double LogSum(double[] scores)
    {
        var largest = scores.Max();
        return largest + Math.Log(scores.Sum(score => Math.Exp(score - largest)));
    }

    private int Largest(Func<string, int> length)
    {
        var best = 0;
        for (var i = 1; i < Scores.Count; i++)
            if (Scores[i].LogLikelihood / length(Prompt.Choices[i]) > Scores[best].LogLikelihood / length(Prompt.Choices[best]))
                best = i;
        return best;
    }
}
